//! Jobs of a CI and of a CD pipeline, in folders of their own, with connections to two registries.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use slipway_agent::commands::task::TaskResult;
use slipway_agent::spec::TaskSpec;
use slipway_agent::{Cancellation, Capture, Env};
use slipway_net::Clock;
use slipway_tasks::{acr_promote, image_publish};
use tempfile::TempDir;
use time::macros::datetime;

use crate::server::{PASSWORD, Server, USER, authority};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const SOURCE: &str = "a0000000-0000-4000-8000-000000000001";
pub(crate) const TARGET: &str = "b0000000-0000-4000-8000-000000000002";

/// Two registries, and the folder of the jobs.
pub(crate) struct Bench {
    pub(crate) source: Server,
    pub(crate) target: Server,
    folder: TempDir,
    /// Hosts in place of those of the servers, and more variables.
    pub(crate) source_host: Option<String>,
    pub(crate) target_host: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// What ended, and all that it wrote.
pub(crate) struct Finished {
    pub(crate) result: TaskResult,
    pub(crate) log: String,
    /// What it left in the agent's temp folder.
    pub(crate) files: BTreeMap<String, String>,
    /// Texts that stand for something that differs from run to run.
    names: Vec<(String, String)>,
}

/// Three million bytes that do not compress.
pub(crate) fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(375_000).flatten().collect()
}

impl Bench {
    /// With `app/orders` in the sources.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bench = Self {
            source: Server::start(),
            target: Server::start(),
            folder,
            source_host: None,
            target_host: None,
            variables: BTreeMap::new(),
        };
        bench.write("sources/app/orders", b"the program");
        bench.write("sources/app/etc/orders.toml", b"port = 8080\n");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The images file of CI.
    pub(crate) fn images(&self) -> PathBuf {
        self.path("staging/images/images.json")
    }

    /// The images file of CD.
    pub(crate) fn promoted(&self) -> PathBuf {
        self.path("staging/promoted/images.json")
    }

    /// The digest of a service's image by the images file of CI.
    pub(crate) fn digest(&self, service: &str) -> String {
        let list: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(self.images()).unwrap()).unwrap();
        let image = list["images"].as_array().unwrap().iter().find(|image| image["service"] == service).unwrap();
        image["digest"].as_str().unwrap().to_owned()
    }

    /// Changes the images file of CI.
    pub(crate) fn edit_images(&self, edit: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(self.images()).unwrap();
        std::fs::write(self.images(), edit(text)).unwrap();
    }

    /// ImagePublish in run `run` of CI: `app` as `shop/orders`, unless the inputs say something else.
    pub(crate) async fn publish(&self, run: &str, inputs: &[(&str, &str)]) -> Finished {
        self.publish_until(run, inputs, Cancellation::default()).await
    }

    pub(crate) async fn publish_until(&self, run: &str, inputs: &[(&str, &str)], cancellation: Cancellation) -> Finished {
        let folder = self.path("sources/app");
        let usual = [
            ("connectionType", "dockerRegistry"),
            ("containerRegistry", SOURCE),
            ("repository", "shop/orders"),
            ("folder", folder.to_str().unwrap()),
            ("entryPoint", "/app/orders"),
        ];
        let job = [("BUILD_BUILDID", run), ("BUILD_SOURCEVERSION", COMMIT), ("SYSTEM_DEFINITIONID", "7"), ("BUILD_DEFINITIONNAME", "ci")];
        self.task(&image_publish::SPEC, &job, &[&usual, inputs].concat(), cancellation).await
    }

    /// AcrPromote in a run of CD that run 41 of CI triggered.
    pub(crate) async fn promote(&self, inputs: &[(&str, &str)]) -> Finished {
        self.promote_until(inputs, Cancellation::default()).await
    }

    pub(crate) async fn promote_until(&self, inputs: &[(&str, &str)], cancellation: Cancellation) -> Finished {
        let images = self.images();
        let usual = [
            ("sourceConnectionType", "dockerRegistry"),
            ("sourceContainerRegistry", SOURCE),
            ("targetConnectionType", "dockerRegistry"),
            ("targetContainerRegistry", TARGET),
            ("imagesFile", images.to_str().unwrap()),
        ];
        let job = [
            ("BUILD_BUILDID", "90"),
            ("SYSTEM_DEFINITIONID", "8"),
            ("BUILD_DEFINITIONNAME", "cd"),
            ("RESOURCES_PIPELINE_CI_RUNID", "41"),
            ("RESOURCES_PIPELINE_CI_SOURCECOMMIT", COMMIT),
            ("RESOURCES_PIPELINE_CI_PROJECTID", "11111111-1111-4111-8111-111111111111"),
            ("RESOURCES_PIPELINE_CI_PIPELINEID", "7"),
        ];
        self.task(&acr_promote::SPEC, &job, &[&usual, inputs].concat(), cancellation).await
    }

    async fn task(&self, spec: &'static TaskSpec, job: &[(&str, &str)], inputs: &[(&str, &str)], cancellation: Cancellation) -> Finished {
        let temp = tempfile::tempdir().unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut variables: BTreeMap<String, String> = [
            ("TF_BUILD", "True".to_owned()),
            ("SYSTEM_HOSTTYPE", "build".to_owned()),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/contoso/".to_owned()),
            ("SYSTEM_TEAMPROJECT", "Shop".to_owned()),
            ("SYSTEM_TEAMPROJECTID", "11111111-1111-4111-8111-111111111111".to_owned()),
            ("SYSTEM_STAGENAME", "stage".to_owned()),
            ("SYSTEM_JOBNAME", "job".to_owned()),
            ("SYSTEM_JOBATTEMPT", "1".to_owned()),
            ("BUILD_REPOSITORY_URI", "https://contoso@dev.azure.com/contoso/Shop/_git/shop".to_owned()),
            ("BUILD_SOURCEBRANCH", "refs/heads/main".to_owned()),
            ("BUILD_SOURCESDIRECTORY", text(&self.path("sources"))),
            ("BUILD_ARTIFACTSTAGINGDIRECTORY", text(&self.path("staging"))),
            ("AGENT_TEMPDIRECTORY", text(temp.path())),
            ("AGENT_CAINFO", authority("ca.crt")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (id, host) in [
            (SOURCE, self.source_host.as_ref().unwrap_or(&self.source.host)),
            (TARGET, self.target_host.as_ref().unwrap_or(&self.target.host)),
        ] {
            for (name, value) in [
                (format!("ENDPOINT_URL_{id}"), format!("https://{host}/")),
                (format!("ENDPOINT_AUTH_SCHEME_{id}"), "UsernamePassword".to_owned()),
                (format!("ENDPOINT_AUTH_PARAMETER_{id}_REGISTRY"), format!("https://{host}/v2/")),
                (format!("ENDPOINT_AUTH_PARAMETER_{id}_USERNAME"), USER.to_owned()),
                (format!("ENDPOINT_AUTH_PARAMETER_{id}_PASSWORD"), PASSWORD.to_owned()),
                (format!("ENDPOINT_DATA_{id}_REGISTRYTYPE"), "Others".to_owned()),
            ] {
                variables.insert(name, value);
            }
        }
        // the agent fills in what a step does not give
        let defaults = spec.inputs.iter().map(|input| (input.name, input.default)).filter(|(_, default)| !default.is_empty());
        let given =
            defaults.chain(inputs.iter().copied()).map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), value.to_owned()));
        variables.extend(given);
        variables.extend(job.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        variables.extend(self.variables.clone());

        let (capture, clock) = (Capture::default(), Clock::Fixed(datetime!(2026-11-24 10:00 UTC)));
        let env = Env::new(variables);
        let result = match spec.name {
            "ImagePublish" => slipway_agent::run_with(spec, env, capture.clone(), clock, cancellation, image_publish::run).await,
            _ => slipway_agent::run_with(spec, env, capture.clone(), clock, cancellation, acr_promote::run).await,
        };
        let files = std::fs::read_dir(temp.path()).unwrap().map(|entry| {
            let entry = entry.unwrap();
            // what a task needs only while it runs is gone
            assert!(entry.path().is_file(), "{} is left", entry.path().display());
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        });
        let mut names = vec![
            (text(temp.path()), "TEMP".to_owned()),
            (text(self.folder.path()), "JOB".to_owned()),
            (self.source.host.clone(), "SOURCE".to_owned()),
            (self.target.host.clone(), "TARGET".to_owned()),
        ];
        names.extend(self.target_host.iter().chain(&self.source_host).map(|host| (host.clone(), "ELSEWHERE".to_owned())));
        let finished = Finished { result, log: capture.text(), files: files.collect(), names };
        finished.has_no_planted_value();
        finished
    }
}

impl Finished {
    /// The log without the commands that carry secrets by design.
    fn visible(&self) -> String {
        self.log.lines().filter(|line| !line.starts_with("##vso[task.setsecret]")).collect::<Vec<_>>().join("\n")
    }

    /// The password of the connections is nowhere, in no form.
    fn has_no_planted_value(&self) {
        // The search below does find what the agent is told to mask.
        assert!(self.log.contains(&format!("##vso[task.setsecret]{PASSWORD}")) || self.result == TaskResult::Failed, "{}", self.log);
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
        for planted in [PASSWORD, &encoded] {
            assert!(!self.visible().contains(planted), "{planted} is in the log:\n{}", self.visible());
            assert!(self.files.values().all(|text| !text.contains(planted)), "{planted} is in a file");
        }
    }

    /// The result, the log and the summary; hosts, folders and digests by names.
    pub(crate) fn told(&self) -> String {
        let mut told = format!("{:?}\n{}\n", self.result, self.visible());
        for (name, text) in self.files.iter().filter(|(name, _)| name.ends_with(".md")) {
            // Writing to a string does not fail.
            let _ = write!(told, "--- {name}\n{text}");
        }
        self.name(&told)
    }

    /// A text with hosts, folders and digests by names: the same digest has the same name.
    pub(crate) fn name(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (value, name) in &self.names {
            text = text.replace(value, name);
        }
        // how long a wait is, is drawn by lot
        let lines = text.split('\n').map(|line| match (line.split_once("; waiting "), line.split_once(" before attempt ")) {
            (Some((before, _)), Some((_, after))) => format!("{before}; waiting N s before attempt {after}"),
            _ => line.to_owned(),
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        let mut digests: Vec<String> = Vec::new();
        let mut rest = text.as_str();
        let mut named = String::new();
        while let Some((before, after)) = rest.split_once("sha256:") {
            let end = after.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(after.len());
            let (digest, after) = after.split_at(end);
            if digest.is_empty() {
                named = named + before + "sha256:";
                rest = after;
                continue;
            }
            let number = digests.iter().position(|known| known == digest).unwrap_or_else(|| {
                digests.push(digest.to_owned());
                digests.len() - 1
            });
            // a digest may be shortened
            let length = if digest.len() == 64 { String::new() } else { format!(", {} digits", digest.len()) };
            let _ = write!(named, "{before}sha256:<{}{length}>", number + 1);
            rest = after;
        }
        named + rest
    }
}
