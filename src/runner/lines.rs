/// Splits a stream of bytes into lines as .NET's `ReadLine` does: at LF, CR LF and a lone CR
/// (facts/azure-pipelines-tasks.md 6.6). So a carriage return inside a line that a task prints begins a new line, and a
/// logging command may hide there.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    pending: Vec<u8>,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_carriage_return: bool,
}

impl LineSplitter {
    /// Adds bytes; returns the lines that are complete, without their ends.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for &byte in bytes {
            let after_carriage_return = std::mem::replace(&mut self.after_carriage_return, byte == b'\r');
            match byte {
                b'\n' if after_carriage_return => {}
                b'\n' | b'\r' => lines.push(self.take()),
                _ => self.pending.push(byte),
            }
        }
        lines
    }

    /// The last line, if the stream did not end with a line end.
    pub(crate) fn finish(&mut self) -> Option<String> {
        if self.pending.is_empty() { None } else { Some(self.take()) }
    }

    fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines: Vec<String> = chunks.iter().flat_map(|chunk| splitter.push(chunk)).collect();
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn lines_end_at_cr_lf_and_crlf() {
        assert_eq!(lines(&[b"a\nb\r\nc\rd"]), ["a", "b", "c", "d"]);
        assert_eq!(lines(&[b"\n\r\r\n\n"]), ["", "", "", ""]);
        assert!(lines(&[b""]).is_empty());
    }

    #[test]
    fn a_crlf_split_between_reads_is_one_end() {
        assert_eq!(lines(&[b"a\r", b"\nb"]), ["a", "b"]);
        assert_eq!(lines(&[b"a\r", b"b"]), ["a", "b"]);
    }

    #[test]
    fn a_character_split_between_reads_is_whole_and_a_broken_one_is_replaced() {
        assert_eq!(lines(&[&[0xc3], &[0xa9, b'\n', 0xff]]), ["é", "\u{fffd}"]);
    }
}
