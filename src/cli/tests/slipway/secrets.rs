//! Secrets that every world has, and the search for them: a token in the person's shell, and the secrets of variable groups.

use std::path::{Path, PathBuf};

use crate::support::World;

/// A secret in the environment of the person's shell. The person's home has it in a file, too, in which the search must find it.
pub(crate) const TOKEN: &str = "token-of-the-persons-shell-7gk2c0wq";

/// The only file with the [`TOKEN`], below the world's folder.
pub(crate) const TOKEN_FILE: &str = "home/.token";

/// A variable group with a secret, for the end of a `slipway.local.yml`.
pub(crate) const GROUP: &str = "variableGroups:\n- name: planted\n  secrets:\n  - name: TOKEN\n    generate: {randomText: {length: 40}}\n";

/// Neither `said` nor a file has a secret in clear, but for the file in which the search finds it first.
pub(crate) fn assert_unseen(world: &World, said: &str) {
    let files = world.files();
    let token = (TOKEN.to_owned(), world.root().join(TOKEN_FILE));
    for (secret, place) in secrets_of_groups(&files).into_iter().chain([token]) {
        let holding: Vec<&PathBuf> = files.iter().filter(|(_, text)| text.contains(&secret)).map(|(path, _)| path).collect();
        assert_eq!(holding, [&place], "the secret of {} is to be found there alone", place.display());
        assert!(!said.contains(&secret), "the secret of {} is in clear in the output:\n{said}", place.display());
    }
}

/// The secrets of variable groups that were made in this world so far, each with the store that has it.
pub(crate) fn secrets_of_groups(files: &[(PathBuf, String)]) -> Vec<(String, PathBuf)> {
    let value = regex_lite::Regex::new(r#""value": *"([^"]{40})""#).unwrap();
    let stores = files.iter().filter(|(path, _)| path.ends_with(Path::new("azure/store/groups.json")));
    stores.flat_map(|(path, text)| value.captures_iter(text).map(|found| (found[1].to_owned(), path.clone()))).collect()
}
