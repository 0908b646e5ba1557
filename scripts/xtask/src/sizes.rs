//! How large the packages are, and how large they may be.

use crate::target::Target;
use crate::task_folder::ProgramSize;

const MIB: u64 = 1024 * 1024;

/// The most that a package for these platforms may weigh: Azure DevOps Server 2019 refuses more than 25 MiB, and gets
/// the package with Linux and Windows for x64; for Services we keep below 45 MB of the Marketplace's 50.
pub(crate) fn cap(targets: &[Target]) -> (u64, &'static str) {
    if targets.iter().all(|target| matches!(target.name, "linux-x64" | "win32-x64")) {
        (25 * MIB, "Azure DevOps Server takes")
    } else {
        (45_000_000, "the Marketplace should be given")
    }
}

/// A table of the programs in each task.
pub(crate) fn table(tasks: &[(&str, Vec<ProgramSize>)]) -> String {
    let mut rows = vec![["task".to_owned(), "platform".to_owned(), "program".to_owned(), "packed".to_owned()]];
    for (task, programs) in tasks {
        for size in programs {
            rows.push([(*task).to_owned(), size.platform.to_owned(), mib(size.program), mib(size.packed)]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let lines = rows.iter().map(|[task, platform, program, packed]| {
        format!("  {task:0$}  {platform:1$}  {program:>2$}  {packed:>3$}", widths[0], widths[1], widths[2], widths[3])
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Bytes in MiB with two decimals.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.2} MiB", bytes as f64 / MIB as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::LINUX_X64;

    #[test]
    fn the_table_is_aligned() {
        let sizes = |program, packed| vec![ProgramSize { platform: "linux-x64", program, packed }];
        let table = table(&[("boat-paint", sizes(5 * MIB, 2 * MIB)), ("sail", sizes(12 * MIB + MIB / 2, MIB / 4))]);
        let expected = "  task        platform     program    packed\n  boat-paint  linux-x64   5.00 MiB  2.00 MiB\n  sail        linux-x64  12.50 MiB  0.25 MiB";
        assert_eq!(table, expected);
    }

    #[test]
    fn the_package_for_servers_is_the_smaller_one() {
        let arm = "linux-arm64".parse().unwrap();
        assert_eq!((cap(&[LINUX_X64]).0, cap(&[LINUX_X64, arm]).0), (26_214_400, 45_000_000));
    }
}
