use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::files::write_atomically;

/// `<state>/runs/pipelines.json`: the pipelines that have run in this state, numbered from 1.
#[derive(Debug, Serialize, Deserialize)]
struct Pipelines {
    schema: u32,
    pipelines: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    id: u64,
    file: String,
    /// Prefixes of `counter()` with their last values.
    #[serde(default)]
    counters: Vec<(String, i32)>,
}

/// The number of the pipeline in `file`: the `given` one, else the one that it has, else a new one. A pipeline that only got
/// the `given` number because it was free gets another one.
pub(crate) fn pipeline_number(runs: &Path, file: &str, given: Option<u64>) -> Result<u64, StoreError> {
    let mut known = read(runs)?;
    let has_it = |entry: &&Entry| entry.file == file && given.is_none_or(|id| entry.id == id);
    if let Some(entry) = known.pipelines.iter().find(has_it) {
        return Ok(entry.id);
    }
    let highest = known.pipelines.iter().map(|entry| entry.id).chain(given).max().unwrap_or_default();
    if let Some(other) = known.pipelines.iter_mut().find(|entry| Some(entry.id) == given) {
        other.id = highest + 1;
    }
    let id = given.unwrap_or(highest + 1);
    known.pipelines.push(Entry { id, file: file.to_owned(), counters: Vec::new() });
    write(runs, &known)?;
    Ok(id)
}

/// The next value of a pipeline's `counter(prefix, seed)`: the seed, and from then on one more each time.
pub(crate) fn next_counter(runs: &Path, pipeline: u64, prefix: &str, seed: i32) -> Result<i32, StoreError> {
    let mut known = read(runs)?;
    let Some(entry) = known.pipelines.iter_mut().find(|entry| entry.id == pipeline) else { return Ok(seed) };
    let value = match entry.counters.iter_mut().find(|(known, _)| known == prefix) {
        Some((_, value)) => {
            *value = value.saturating_add(1);
            *value
        }
        None => {
            entry.counters.push((prefix.to_owned(), seed));
            seed
        }
    };
    write(runs, &known)?;
    Ok(value)
}

fn read(runs: &Path) -> Result<Pipelines, StoreError> {
    let path = runs.join("pipelines.json");
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| StoreError::new(&path, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Pipelines { schema: 1, pipelines: Vec::new() }),
        Err(error) => Err(StoreError::new(&path, error)),
    }
}

fn write(runs: &Path, known: &Pipelines) -> Result<(), StoreError> {
    let path = runs.join("pipelines.json");
    let text = serde_json::to_vec_pretty(known).map_err(|error| StoreError::new(&path, error))?;
    write_atomically(&path, &text).map_err(|error| StoreError::new(&path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_keeps_its_number() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(pipeline_number(folder.path(), "a.yml", None).unwrap(), 1);
        assert_eq!(pipeline_number(folder.path(), "b.yml", None).unwrap(), 2);
        assert_eq!(pipeline_number(folder.path(), "a.yml", None).unwrap(), 1);
    }

    #[test]
    fn a_number_that_is_given_is_taken_from_a_pipeline_that_has_it_by_chance() {
        let folder = tempfile::tempdir().unwrap();
        let number = |file: &str, given| pipeline_number(folder.path(), file, given).unwrap();
        assert_eq!(number("a.yml", None), 1);
        assert_eq!(number("b.yml", Some(1)), 1);
        assert_eq!(number("a.yml", None), 2);
        assert_eq!(number("b.yml", Some(7)), 7, "a second pipeline of the same file");
        assert_eq!(number("b.yml", Some(1)), 1);
        assert_eq!(number("c.yml", None), 8);
    }

    #[test]
    fn counters_begin_at_their_seed_and_are_kept_per_pipeline_and_prefix() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (pipeline_number(folder.path(), "a.yml", None).unwrap(), pipeline_number(folder.path(), "b.yml", None).unwrap());
        let values = [(one, "x", 5), (one, "x", 5), (one, "y", 1), (two, "x", 1), (one, "x", 9)]
            .map(|(id, prefix, seed)| next_counter(folder.path(), id, prefix, seed).unwrap());
        assert_eq!(values, [5, 6, 1, 1, 7]);
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pipelines.json"), "{").unwrap();
        let error = pipeline_number(folder.path(), "a.yml", None).unwrap_err().to_string();
        assert!(error.contains("pipelines.json"), "{error}");
    }
}
