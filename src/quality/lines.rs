//! Bytes of a program into lines, whatever they are.

/// No line is longer for the interpreters; `cargo metadata` writes a workspace in one line.
const LONGEST: usize = 32 * 1024 * 1024;
/// No line is longer for a person.
const LONGEST_SHOWN: usize = 4096;

/// Splits at LF, CR LF and CR (a progress bar), replaces what is no UTF-8, and cuts lines that are too long.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    open: Vec<u8>,
    dropped: usize,
    after_cr: bool,
}

impl Splitter {
    /// The lines that these bytes complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.after_cr => {}
                b'\n' | b'\r' => lines.push(self.take()),
                _ if self.open.len() < LONGEST => self.open.push(byte),
                _ => self.dropped += 1,
            }
            self.after_cr = byte == b'\r';
        }
        lines
    }

    /// The last line, if it has no end.
    pub(crate) fn finish(&mut self) -> Option<String> {
        (!self.open.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> String {
        let mut line = String::from_utf8_lossy(&std::mem::take(&mut self.open)).into_owned();
        if self.dropped > 0 {
            line.push_str(&format!(" [{} bytes cut]", self.dropped));
            self.dropped = 0;
        }
        line
    }
}

/// The line, cut with a note if it is too long for a person. Mask secrets first: half of one is not found any more.
pub fn shortened(mut line: String) -> String {
    if line.len() > LONGEST_SHOWN {
        let end = (0..=LONGEST_SHOWN).rev().find(|&index| line.is_char_boundary(index)).unwrap_or(0);
        let cut = line.len() - end;
        line.truncate(end);
        line.push_str(&format!(" [{cut} bytes cut]"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_lf_crlf_and_cr_wherever_the_bytes_are_cut() {
        let bytes = b"one\ntwo\r\nthree\rfour\n\nf\xffve";
        for size in 1..bytes.len() {
            let mut splitter = Splitter::default();
            let mut lines: Vec<_> = bytes.chunks(size).flat_map(|chunk| splitter.push(chunk)).collect();
            lines.extend(splitter.finish());
            assert_eq!(lines, ["one", "two", "three", "four", "", "f\u{fffd}ve"], "chunks of {size}");
        }
    }

    #[test]
    fn long_lines_are_cut_with_a_note() {
        let mut splitter = Splitter::default();
        let lines = splitter.push(&[vec![b'x'; LONGEST + 7], b"\nshort\n".to_vec()].concat());
        assert_eq!((lines[0].len(), lines[0].ends_with("x [7 bytes cut]")), (LONGEST + 14, true));
        assert_eq!(lines[1], "short");
        assert_eq!(shortened("é".repeat(LONGEST_SHOWN)).split_once(" [").unwrap().1, "4096 bytes cut]");
        assert_eq!(shortened("short".into()), "short");
    }
}
