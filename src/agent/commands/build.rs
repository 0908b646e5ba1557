//! Commands of the areas `build`, `release` and `codecoverage`.

use std::path::Path;

use super::Command;

/// Adds a file to the run's logs.
pub fn upload_log(file: &Path) -> Command {
    Command::new("build.uploadlog", file.display().to_string())
}

/// Adds a Markdown file to the run's summary (the older form of `task.uploadsummary`).
pub fn upload_summary(file: &Path) -> Command {
    Command::new("build.uploadsummary", file.display().to_string())
}

/// Changes the run's number.
pub fn update_build_number(number: &str) -> Command {
    Command::new("build.updatebuildnumber", number)
}

/// Adds a tag to the run.
pub fn add_build_tag(tag: &str) -> Command {
    Command::new("build.addbuildtag", tag)
}

/// Renames the release (hosts `release` and `deployment` only).
pub fn update_release_name(name: &str) -> Command {
    Command::new("release.updatereleasename", name)
}

/// Format of a coverage summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageTool {
    /// Cobertura.
    Cobertura,
    /// JaCoCo.
    JaCoCo,
}

/// Publishes coverage (host `build` only). The folder may be absent.
pub fn publish_code_coverage(tool: CoverageTool, summary_file: &Path, report_folder: Option<&Path>) -> Command {
    let tool = match tool {
        CoverageTool::Cobertura => "Cobertura",
        CoverageTool::JaCoCo => "JaCoCo",
    };
    Command::new("codecoverage.publish", "")
        .with("codecoveragetool", tool)
        .with("summaryfile", summary_file.display().to_string())
        .with("reportdirectory", report_folder.map(|folder| folder.display().to_string()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::Escaping;
    use super::*;

    #[test]
    fn commands_are_written_as_the_agent_reads_them() {
        let line = |command: Command| command.render(Escaping::Percents);
        assert_eq!(line(upload_log(Path::new("/a"))), "##vso[build.uploadlog]/a");
        assert_eq!(line(upload_summary(Path::new("/a.md"))), "##vso[build.uploadsummary]/a.md");
        assert_eq!(line(update_build_number("1.2")), "##vso[build.updatebuildnumber]1.2");
        assert_eq!(line(add_build_tag("x")), "##vso[build.addbuildtag]x");
        assert_eq!(line(update_release_name("x")), "##vso[release.updatereleasename]x");
        assert_eq!(
            line(publish_code_coverage(CoverageTool::Cobertura, Path::new("/c.xml"), None)),
            "##vso[codecoverage.publish codecoveragetool=Cobertura;summaryfile=/c.xml;]"
        );
    }
}
