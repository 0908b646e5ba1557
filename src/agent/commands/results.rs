//! The command `results.publish`: the agent itself reads the files and uploads the results.

use std::path::PathBuf;

use super::Command;
use crate::{TaskError, codes};

/// Format of test results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultsFormat {
    /// JUnit.
    JUnit,
    /// NUnit.
    NUnit,
    /// Visual Studio (TRX).
    VsTest,
    /// xUnit.net.
    XUnit,
    /// CTest.
    CTest,
    /// Container structure tests.
    ContainerStructure,
}

/// Test results to publish.
#[derive(Clone, Debug)]
pub struct PublishResults {
    /// Format of the files.
    pub format: ResultsFormat,
    /// The files. They must stay until the job ends.
    pub files: Vec<PathBuf>,
    /// Title of the test run.
    pub run_title: String,
    /// One test run for all files, instead of one for each.
    pub merge: bool,
    /// Platform, empty for none.
    pub platform: String,
    /// Configuration, empty for none.
    pub configuration: String,
    /// Attach the files to the test run.
    pub attach_files: bool,
    /// Let the agent fail the step when a test failed. Slipway's tasks judge for themselves.
    pub fail_on_failed_tests: bool,
    /// Name of the system that ran the tests, empty for none.
    pub system: String,
}

impl PublishResults {
    /// The command.
    ///
    /// # Errors
    /// When a path has a comma: the agent splits the list at commas, without an escape.
    pub fn command(&self) -> Result<Command, TaskError> {
        let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        if let Some(file) = files.iter().find(|file| file.contains(',')) {
            return Err(TaskError::new(
                codes::RESULTS_PATH,
                format!("Test results at `{file}` cannot be published: the agent splits the list of files at commas."),
            )
            .hint("Choose a folder without a comma in its path."));
        }
        let format = match self.format {
            ResultsFormat::JUnit => "JUnit",
            ResultsFormat::NUnit => "NUnit",
            ResultsFormat::VsTest => "VSTest",
            ResultsFormat::XUnit => "XUnit",
            ResultsFormat::CTest => "CTest",
            ResultsFormat::ContainerStructure => "ContainerStructure",
        };
        let flag = |value: bool| if value { "true" } else { "false" };
        Ok(Command::new("results.publish", "")
            .with("type", format)
            .with("resultFiles", files.join(","))
            .with("mergeResults", flag(self.merge))
            .with("platform", self.platform.as_str())
            .with("config", self.configuration.as_str())
            .with("runTitle", self.run_title.as_str())
            .with("publishRunAttachments", flag(self.attach_files))
            .with("failTaskOnFailedTests", flag(self.fail_on_failed_tests))
            .with("testRunSystem", self.system.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Escaping;
    use super::*;

    fn results(file: &str) -> PublishResults {
        PublishResults {
            format: ResultsFormat::JUnit,
            files: vec![file.into(), "/b.xml".into()],
            run_title: "unit; tests".into(),
            merge: true,
            platform: String::new(),
            configuration: String::new(),
            attach_files: false,
            fail_on_failed_tests: false,
            system: "Slipway".into(),
        }
    }

    #[test]
    fn one_line_publishes_all_files() {
        let line = results("/a.xml").command().map(|command| command.render(Escaping::Percents));
        assert_eq!(
            line.as_deref(),
            Ok(
                "##vso[results.publish type=JUnit;resultFiles=/a.xml,/b.xml;mergeResults=true;runTitle=unit%3B tests;publishRunAttachments=false;failTaskOnFailedTests=false;testRunSystem=Slipway;]"
            )
        );
    }

    #[test]
    fn a_path_with_a_comma_is_refused() {
        assert_eq!(results("/a,b.xml").command().err().map(|error| error.code), Some(codes::RESULTS_PATH));
    }
}
