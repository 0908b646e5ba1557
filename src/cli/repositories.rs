//! The other repositories that a pipeline names under `resources.repositories`: which folder of this machine each is, and
//! what of it is read.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_pipelines::{FileError, Files, Repositories, RepositoryError, RepositoryResource};

use crate::env::Env;
use crate::git_objects::{GitRepository, Reference};
use crate::world::World;

/// How many references a message lists.
const LISTED: usize = 8;

/// The repositories that `--repository` and `slipway.local.yml` map.
pub(crate) struct MappedRepositories {
    env: Env,
    /// Those of the command line first: the first of a name wins.
    mapped: Vec<Mapped>,
    /// The team project: its name may be left out.
    project: String,
    /// Whether a folder that is no git repository is refused.
    strict: bool,
    notices: RefCell<Vec<String>>,
}

struct Mapped {
    name: String,
    folder: PathBuf,
    /// How the user wrote it, for messages.
    written: String,
    /// Whether it is from the command line.
    given: bool,
}

impl MappedRepositories {
    /// Those of the world, and `given` on the command line.
    pub(crate) fn new(env: &Env, world: &World, given: &[(String, PathBuf)], strict: bool) -> Self {
        let beside = world.config_file.as_deref().and_then(Path::parent).unwrap_or(&world.repository.path);
        let given = given.iter().map(|(name, path)| Mapped {
            name: name.clone(),
            folder: env.absolute(path),
            written: format!("--repository {name}={}", path.display()),
            given: true,
        });
        let of_file = world.config.repositories.iter().map(|repository| Mapped {
            name: repository.name.clone(),
            folder: beside.join(&repository.path),
            written: format!("`repositories` of slipway.local.yml: `{}`", repository.path.display()),
            given: false,
        });
        Self {
            env: env.clone(),
            mapped: given.chain(of_file).collect(),
            project: world.config.azure.project.clone(),
            strict,
            notices: RefCell::default(),
        }
    }

    /// What people should know of the repositories that were opened since the last call.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }

    /// Names of Azure Repos may leave the project out where it is the pipeline's own.
    fn find(&self, resource: &RepositoryResource) -> Option<&Mapped> {
        let full = |name: &str| {
            let name = name.to_lowercase();
            if name.contains('/') || !resource.kind.eq_ignore_ascii_case("git") {
                name
            } else {
                format!("{}/{name}", self.project.to_lowercase())
            }
        };
        self.mapped.iter().find(|mapped| full(&mapped.name) == full(&resource.name))
    }
}

impl Repositories for MappedRepositories {
    fn open(&self, resource: &RepositoryResource) -> Result<Arc<dyn Files>, RepositoryError> {
        let RepositoryResource { name, .. } = resource;
        let Some(mapped) = self.find(resource) else {
            return Err(problem(
                format!("`{name}` is not mapped to a folder of this machine"),
                format!(
                    "say where it lies: `--repository {name}=PATH`, or in slipway.local.yml:\n  repositories:\n  - name: {name}\n    path: PATH"
                ),
            ));
        };
        let folder = mapped.folder.canonicalize().map_err(|error| {
            let reason =
                if error.kind() == std::io::ErrorKind::NotFound { "there is no such folder".to_owned() } else { error.to_string() };
            problem(format!("`{name}`: {reason} ({})", mapped.written), "give the path of a git repository")
        })?;
        match GitRepository::at(&self.env, &folder) {
            Some(repository) => of_git(&repository, resource, &folder),
            None => self.plain(mapped, resource, folder),
        }
    }
}

impl MappedRepositories {
    /// A folder that is no git repository.
    fn plain(&self, mapped: &Mapped, resource: &RepositoryResource, folder: PathBuf) -> Result<Arc<dyn Files>, RepositoryError> {
        let RepositoryResource { name, .. } = resource;
        let reference = resource.reference.as_deref();
        let place = folder.display();
        if !folder.is_dir() || !mapped.given || self.strict {
            let tag = reference.and_then(|reference| reference.strip_prefix("refs/tags/"));
            let tag = tag.map(|tag| format!(" && git tag {tag}")).unwrap_or_default();
            let or = if mapped.given { "" } else { ", or use the folder as it is with `--repository`" };
            return Err(problem(
                format!("`{name}` is mapped to `{place}`, which is not the root of a git repository"),
                format!("make it one (`cd {place} && git init && git add . && git commit -m 'Templates'{tag}`){or}"),
            ));
        }
        let ignored = reference.map(|reference| format!(", its `ref: {reference}` is ignored")).unwrap_or_default();
        self.notices
            .borrow_mut()
            .push(format!("the repository `{name}` is the folder `{place}` as it is, which is not the root of a git repository{ignored}"));
        Ok(Arc::new(FolderFiles(folder)))
    }
}

fn of_git(repository: &GitRepository, resource: &RepositoryResource, folder: &Path) -> Result<Arc<dyn Files>, RepositoryError> {
    let unreadable = |message: String| {
        problem(format!("git cannot read `{}` in `{}`: {message}", resource.name, folder.display()), "see whether `git log` works there")
    };
    let references = repository.references().map_err(unreadable)?;
    let wanted = match resource.reference.as_deref() {
        Some(reference) if reference.starts_with("refs/") => reference.to_owned(),
        Some(branch) => format!("refs/heads/{branch}"),
        None => repository.default_branch(&references).map_err(unreadable)?,
    };
    let remote = wanted.strip_prefix("refs/heads/").map(|branch| format!("refs/remotes/origin/{branch}"));
    let found = references.iter().find(|reference| reference.name == wanted);
    let found = found.or_else(|| references.iter().find(|reference| Some(&reference.name) == remote.as_ref()));
    let Some(found) = found else {
        return Err(problem(format!("`{}` in `{}` has no `{wanted}`", resource.name, folder.display()), existing(&wanted, &references)));
    };
    repository.files(&found.commit).map_err(unreadable)
}

/// The references that there are, those like `wanted` first.
fn existing(wanted: &str, references: &[Reference]) -> String {
    let mut names: Vec<&str> =
        references.iter().map(|reference| reference.name.as_str()).filter(|name| !name.starts_with("refs/remotes/")).collect();
    if names.is_empty() {
        return "it has no tag and no branch: commit something".to_owned();
    }
    names.sort_by_key(|name| crate::local_config::distance(wanted, name));
    let more = names.len().saturating_sub(LISTED);
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("there are {}{more}", listed.join(", "))
}

fn problem(message: impl Into<String>, hint: impl Into<String>) -> RepositoryError {
    RepositoryError { message: message.into(), hint: hint.into() }
}

/// The files below a folder as they are.
pub(crate) struct FolderFiles(pub(crate) PathBuf);

impl Files for FolderFiles {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if path.split('/').any(|part| part == "..") {
            return Err(FileError::Missing);
        }
        std::fs::read_to_string(self.0.join(path)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => FileError::Missing,
            std::io::ErrorKind::InvalidData => FileError::Unreadable("it is not in UTF-8".to_owned()),
            _ => FileError::Unreadable(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::Place;

    use super::*;
    use crate::git_objects::tests::{env, git};

    fn resource(name: &str, reference: Option<&str>) -> RepositoryResource {
        RepositoryResource {
            alias: "templates".to_owned(),
            kind: "git".to_owned(),
            name: name.to_owned(),
            reference: reference.map(str::to_owned),
            endpoint: None,
            place: Place { file: "ci.yml".into(), line: 1, column: 1 },
        }
    }

    fn mapped(root: &Path, name: &str, folder: &str, given: bool) -> MappedRepositories {
        let written = format!("--repository {name}={folder}");
        MappedRepositories {
            env: env(root),
            mapped: vec![Mapped { name: name.to_owned(), folder: root.join(folder), written, given }],
            project: "Shop".to_owned(),
            strict: false,
            notices: RefCell::default(),
        }
    }

    /// A text of `a.yml`, or what is said.
    fn read(repositories: &MappedRepositories, name: &str, reference: Option<&str>) -> String {
        match repositories.open(&resource(name, reference)) {
            Ok(files) => files.read("a.yml").unwrap(),
            Err(RepositoryError { message, hint }) => format!("{message}\n{hint}"),
        }
    }

    fn repository(root: &Path) {
        git(root, &["init", "--quiet", "--initial-branch=main"]);
        for (tag, text) in [("v1", "one"), ("v2", "two")] {
            std::fs::write(root.join("a.yml"), text).unwrap();
            git(root, &["add", "."]);
            git(root, &["commit", "--quiet", "-m", tag]);
            git(root, &["tag", tag]);
        }
        git(root, &["checkout", "--quiet", "-b", "features/new"]);
        std::fs::write(root.join("a.yml"), "three").unwrap();
        git(root, &["commit", "--quiet", "-am", "3"]);
    }

    #[test]
    fn a_repository_is_read_at_its_reference() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("t")).unwrap();
        repository(&root.join("t"));
        let repositories = mapped(root, "shop/Templates", "t", false);
        for (name, reference, expected) in [
            ("shop/templates", Some("refs/tags/v1"), "one"),
            ("TEMPLATES", Some("refs/tags/v2"), "two"),
            ("Shop/Templates", Some("refs/heads/features/new"), "three"),
            ("templates", Some("features/new"), "three"),
            ("templates", None, "two"),
        ] {
            assert_eq!(read(&repositories, name, reference), expected, "{name} {reference:?}");
        }
        let said = read(&repositories, "templates", Some("refs/tags/v11"));
        let folder = root.join("t").canonicalize().unwrap();
        assert_eq!(
            said,
            format!(
                "`templates` in `{}` has no `refs/tags/v11`\n\
                 there are `refs/tags/v1`, `refs/tags/v2`, `refs/heads/main`, `refs/heads/features/new`",
                folder.display()
            )
        );
        let said = read(&repositories, "other/templates", None);
        assert!(said.starts_with("`other/templates` is not mapped"), "{said}");
    }

    #[test]
    fn a_folder_that_is_no_repository_is_used_as_it_is_only_where_the_command_line_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("t")).unwrap();
        std::fs::write(root.join("t/a.yml"), "as it is").unwrap();
        let reference = Some("refs/tags/v1");

        let given = mapped(&root, "x/t", "t", true);
        assert_eq!(read(&given, "x/t", reference), "as it is");
        let place = root.join("t");
        let place = place.display();
        assert_eq!(
            given.take_notices(),
            [format!(
                "the repository `x/t` is the folder `{place}` as it is, which is not the root of a git repository, its `ref: refs/tags/v1` is ignored"
            )]
        );
        assert_eq!(given.open(&resource("x/t", None)).unwrap().read("../t/a.yml"), Err(FileError::Missing));

        let refused = format!(
            "`x/t` is mapped to `{place}`, which is not the root of a git repository\n\
             make it one (`cd {place} && git init && git add . && git commit -m 'Templates' && git tag v1`)"
        );
        let strict = MappedRepositories { strict: true, ..mapped(&root, "x/t", "t", true) };
        assert_eq!(read(&strict, "x/t", reference), refused);
        let of_file = mapped(&root, "x/t", "t", false);
        assert_eq!(read(&of_file, "x/t", reference), format!("{refused}, or use the folder as it is with `--repository`"));
        assert_eq!(
            read(&mapped(&root, "x/t", "gone", true), "x/t", None),
            "`x/t`: there is no such folder (--repository x/t=gone)\ngive the path of a git repository"
        );
    }
}
