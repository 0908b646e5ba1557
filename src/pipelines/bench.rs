//! A small world for tests: files, other repositories, parameters, variables, tasks, connections, groups.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{ConnectionCatalog, TaskCatalog, TaskDefinition, VariableGroupCatalog};
use crate::diagnostic::Diagnostics;
use crate::files::{FileError, Files, Repositories, RepositoryError, RepositoryResource};
use crate::load::{Expanded, LoadRequest, Loaded, expand, load};

/// Files by path. One with the text `!` cannot be read.
#[derive(Default)]
pub(crate) struct Tree(HashMap<String, String>);

impl Files for Tree {
    fn read(&self, path: &str) -> Result<String, FileError> {
        match self.0.get(path).map(String::as_str) {
            None => Err(FileError::Missing),
            Some("!") => Err(FileError::Unreadable("it is a folder".into())),
            Some(text) => Ok(text.to_owned()),
        }
    }
}

/// The world. The entry file is `ci.yml`; there are the connections `shop-prod` and `shop-nonprod`, and the group
/// `shop-settings`.
#[derive(Default)]
pub(crate) struct Bench {
    files: Tree,
    /// By name and ref, with `@` between them.
    repositories: HashMap<String, Arc<Tree>>,
    parameters: Vec<(String, String)>,
    variables: Vec<(String, String)>,
    tasks: Vec<TaskDefinition>,
}

impl Bench {
    pub(crate) fn new(text: &str) -> Self {
        Self::default().file("ci.yml", text)
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.0.insert(path.to_owned(), text.to_owned());
        self
    }

    /// A file of another repository, for instance of `shop/templates@refs/tags/v1`.
    pub(crate) fn remote(mut self, repository: &str, path: &str, text: &str) -> Self {
        let tree = self.repositories.entry(repository.to_owned()).or_default();
        Arc::get_mut(tree).unwrap().0.insert(path.to_owned(), text.to_owned());
        self
    }

    pub(crate) fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn tasks(mut self, tasks: Vec<TaskDefinition>) -> Self {
        self.tasks = tasks;
        self
    }

    fn request<'a>(&'a self, file: &'a str) -> LoadRequest<'a> {
        LoadRequest {
            file,
            files: &self.files,
            repositories: self,
            parameters: &self.parameters,
            variables: &self.variables,
            tasks: self,
            connections: self,
            groups: self,
        }
    }

    pub(crate) fn load_file(&self, file: &str) -> Result<Loaded, Diagnostics> {
        load(&self.request(file))
    }

    pub(crate) fn load(&self) -> Result<Loaded, Diagnostics> {
        self.load_file("ci.yml")
    }

    pub(crate) fn expand(&self) -> Result<Expanded, Diagnostics> {
        expand(&self.request("ci.yml"))
    }
}

impl Repositories for Bench {
    fn open(&self, repository: &RepositoryResource) -> Result<Arc<dyn Files>, RepositoryError> {
        let key = format!("{}@{}", repository.name, repository.reference.as_deref().unwrap_or("default"));
        let tree = self.repositories.get(&key).cloned().ok_or_else(|| RepositoryError {
            message: format!("the repository `{}` is not mapped", repository.name),
            hint: format!("map it with `--repository {}=PATH`", repository.name),
        })?;
        Ok(tree)
    }
}

impl TaskCatalog for Bench {
    fn definitions(&self) -> &[TaskDefinition] {
        &self.tasks
    }
}

impl ConnectionCatalog for Bench {
    fn resolve(&self, kind: &str, name_or_id: &str) -> Option<String> {
        let ids = HashMap::from([("shop-prod", "id-prod"), ("shop-nonprod", "id-nonprod")]);
        (kind == "AzureRM").then(|| ids.get(name_or_id).map(|id| (*id).to_owned())).flatten()
    }

    fn names(&self, kind: &str) -> Vec<String> {
        if kind == "AzureRM" { vec!["shop-prod".into(), "shop-nonprod".into()] } else { vec![] }
    }
}

impl VariableGroupCatalog for Bench {
    fn names(&self) -> Vec<String> {
        vec!["shop-settings".into()]
    }
}
