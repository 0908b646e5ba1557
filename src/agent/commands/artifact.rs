//! Commands of the area `artifact`. They need the host `build`.

use std::path::Path;

use super::Command;

/// Uploads a file or a folder to the container artifact `name`, below the folder `container_folder` (empty: the name).
pub fn upload(name: &str, container_folder: &str, path: &Path) -> Command {
    let folder = if container_folder.is_empty() { name } else { container_folder };
    Command::new("artifact.upload", path.display().to_string()).with("containerfolder", folder).with("artifactname", name)
}

/// Kind of an associated artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// Container.
    Container,
    /// Path on a share.
    FilePath,
    /// Path in TFVC.
    VersionControl,
    /// Git reference.
    GitRef,
    /// TFVC label.
    TfvcLabel,
}

/// Associates something that exists already with the run.
pub fn associate(name: &str, kind: ArtifactKind, location: &str) -> Command {
    let kind = match kind {
        ArtifactKind::Container => "container",
        ArtifactKind::FilePath => "filepath",
        ArtifactKind::VersionControl => "versioncontrol",
        ArtifactKind::GitRef => "gitref",
        ArtifactKind::TfvcLabel => "tfvclabel",
    };
    Command::new("artifact.associate", location).with("artifactname", name).with("type", kind)
}

#[cfg(test)]
mod tests {
    use super::super::Escaping;
    use super::*;

    #[test]
    fn commands_are_written_as_the_agent_reads_them() {
        let line = |command: Command| command.render(Escaping::Percents);
        assert_eq!(line(upload("drop", "", Path::new("/a"))), "##vso[artifact.upload containerfolder=drop;artifactname=drop;]/a");
        assert_eq!(line(upload("drop", "x", Path::new("/a"))), "##vso[artifact.upload containerfolder=x;artifactname=drop;]/a");
        assert_eq!(
            line(associate("drop", ArtifactKind::GitRef, "refs/tags/v1")),
            "##vso[artifact.associate artifactname=drop;type=gitref;]refs/tags/v1"
        );
    }
}
