//! A look at a built program before it is packed. What a machine cannot execute, its C library may try as a shell
//! script, so a mix-up here would show as nonsense there.

use crate::target::Target;

/// Fails unless `program` is made for `target` and, where `standalone` is asked for, needs no loader or library.
pub(crate) fn check(program: &[u8], target: Target, standalone: bool) -> Result<(), String> {
    let found = match program {
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => match number(program, 18, 2) {
            Some(0x3e) => "linux-x64",
            Some(0xb7) => "linux-arm64",
            _ => "Linux on another machine",
        },
        [b'M', b'Z', ..] => match number(program, 0x3c, 4).and_then(|header| number(program, header + 4, 2)) {
            Some(0x8664) => "win32-x64",
            _ => "Windows on another machine",
        },
        [0xcf, 0xfa, 0xed, 0xfe, ..] => match number(program, 4, 4) {
            Some(0x0100_0007) => "darwin-x64",
            Some(0x0100_000c) => "darwin-arm64",
            _ => "macOS on another machine",
        },
        _ => "no program at all",
    };
    if found != target.name {
        return Err(format!("it is for {found}, expected {}", target.name));
    }
    if standalone && target.is_linux() && needs_loader(program) {
        return Err("it is linked dynamically: it would not start on systems with another C library, expected a static program".into());
    }
    Ok(())
}

/// Whether an ELF file has a program header of type `PT_INTERP`.
fn needs_loader(program: &[u8]) -> bool {
    const PT_INTERP: usize = 3;
    let (Some(start), Some(size), Some(count)) = (number(program, 32, 8), number(program, 54, 2), number(program, 56, 2)) else {
        return true;
    };
    (0..count).any(|index| number(program, start + index * size, 4) == Some(PT_INTERP))
}

/// The little-endian number of `length` bytes at `offset`.
fn number(bytes: &[u8], offset: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(offset..offset.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::LINUX_X64;

    fn elf(machine: u8, header_type: u8) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        (file[18], file[32], file[54], file[56]) = (machine, 64, 56, 1);
        file[64] = header_type;
        file
    }

    #[test]
    fn a_static_program_of_the_platform_passes() {
        assert_eq!(check(&elf(0x3e, 1), LINUX_X64, true), Ok(()));
    }

    #[test]
    fn a_dynamic_one_passes_only_where_that_is_asked_for() {
        assert_eq!(check(&elf(0x3e, 3), LINUX_X64, false), Ok(()));
        assert!(check(&elf(0x3e, 3), LINUX_X64, true).unwrap_err().contains("linked dynamically"));
    }

    #[test]
    fn the_wrong_platform_is_named() {
        let refusal = |bytes: &[u8]| check(bytes, LINUX_X64, true).unwrap_err();
        assert_eq!(refusal(&elf(0xb7, 1)), "it is for linux-arm64, expected linux-x64");
        assert_eq!(refusal(&[0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1]), "it is for darwin-arm64, expected linux-x64");
        assert_eq!(refusal(b"#!/bin/sh\n"), "it is for no program at all, expected linux-x64");
        assert_eq!(refusal(b""), "it is for no program at all, expected linux-x64");
        let mut windows = vec![0; 0x48];
        windows[..2].copy_from_slice(b"MZ");
        (windows[0x3c], windows[0x44], windows[0x45]) = (0x40, 0x64, 0x86);
        assert_eq!(refusal(&windows), "it is for win32-x64, expected linux-x64");
        assert_eq!(refusal(b"MZ"), "it is for Windows on another machine, expected linux-x64");
    }

    #[test]
    fn this_very_program_is_for_this_machine() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(check(&program, Target::host().unwrap(), false), Ok(()));
    }
}
