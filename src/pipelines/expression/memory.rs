use super::MAX_MEMORY;

/// Bytes that .NET needs for an object, and for a text besides its characters.
const OBJECT: usize = 24;
const TEXT: usize = 26;

/// The memory that an evaluation uses, as the service counts it: per depth of the expression; what is deeper than a simple
/// result is no longer needed.
#[derive(Debug, Default)]
pub(super) struct Memory {
    depths: Vec<usize>,
    total: usize,
}

/// The limit is passed.
pub(super) struct Exceeded;

impl Memory {
    /// Notes a result of `bytes` at `depth`. `simple`: nothing below it is kept by it.
    pub(super) fn add(&mut self, depth: usize, bytes: usize, simple: bool) -> Result<(), Exceeded> {
        if simple {
            for bytes in self.depths.drain((depth + 1).min(self.depths.len())..) {
                self.total -= bytes;
            }
        }
        if self.depths.len() <= depth {
            self.depths.resize(depth + 1, 0);
        }
        self.depths[depth] += bytes;
        self.total += bytes;
        if self.total > MAX_MEMORY { Err(Exceeded) } else { Ok(()) }
    }
}

/// Memory of a text of some UTF-16 units.
pub(super) fn of_text(units: usize) -> usize {
    TEXT + 2 * units
}

/// Memory of anything else.
pub(super) fn of_object() -> usize {
    OBJECT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_simple_result_is_forgotten() {
        let mut memory = Memory::default();
        for _ in 0..1000 {
            assert!(memory.add(1, MAX_MEMORY / 2, true).is_ok());
            assert!(memory.add(0, 1, true).is_ok());
        }
        assert!(memory.add(1, MAX_MEMORY / 2, true).is_ok());
        assert!(memory.add(1, MAX_MEMORY / 2, true).is_err(), "two at one depth are both kept");
    }
}
