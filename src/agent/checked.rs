/// Proof that [`Inputs::finish`](crate::Inputs::finish) found no problem: it opens every [`Checked`] value.
#[derive(Debug)]
pub struct Valid(());

impl Valid {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

/// The value of an input that has no placeholder, to be opened once all inputs are known to be good. This way a task
/// reads all its inputs first and reports every problem, and still gets plain values afterwards.
#[derive(Debug)]
#[must_use = "a checked value is opened with the proof that `Inputs::finish` returns"]
pub struct Checked<T>(Option<T>);

impl<T> Checked<T> {
    pub(crate) fn new(value: Option<T>) -> Self {
        Self(value)
    }

    /// The value.
    ///
    /// # Panics
    /// When the proof is of other inputs than the value.
    pub fn open(self, _proof: &Valid) -> T {
        self.0.expect("a value is missing only where a problem was recorded, and then there is no proof")
    }
}
