//! The inputs of the task, checked.

use std::path::PathBuf;

use slipway_agent::{Inputs, TaskError, Variables};
use slipway_model::{ImageList, ServiceImage};
use slipway_oci::provenance::Pipeline;

use super::origin::Origin;
use crate::registry_access::{RegistryInputs, RegistryRequest};
use crate::{codes, images_file, provenance, repository_name};

const SOURCE: RegistryInputs = RegistryInputs {
    connection_type: "sourceConnectionType",
    azure_subscription: "sourceAzureSubscription",
    azure_container_registry: "sourceAzureContainerRegistry",
    container_registry: "sourceContainerRegistry",
};
const TARGET: RegistryInputs = RegistryInputs {
    connection_type: "targetConnectionType",
    azure_subscription: "targetAzureSubscription",
    azure_container_registry: "targetAzureContainerRegistry",
    container_registry: "targetContainerRegistry",
};

const IMAGES: images_file::Use = images_file::Use {
    may_be_missing: false,
    code: codes::PROMOTE_LIST,
    unreadable: "Check that an earlier step downloaded the artifact with the images file (`download: ci`), and the input `imagesFile`.",
    broken: "Take the images file from the artifact of the CI run, unchanged.",
};

/// What the inputs ask for.
pub(crate) struct Request {
    images_file: PathBuf,
    services: Vec<String>,
    alias: String,
    pub(crate) tags: Vec<String>,
    pub(crate) promoted_file: PathBuf,
    pub(crate) dry_run: bool,
}

/// What cannot be the repository or a tag of an image.
fn unusable(image: &ServiceImage) -> Vec<String> {
    let service = &image.service;
    let repository = (!repository_name::is_repository(&image.repository)).then(|| format!("`{}` as the repository", image.repository));
    let tags = image.tags.iter().filter(|tag| !repository_name::is_tag(tag)).map(|tag| format!("`{tag}` as a tag"));
    repository.into_iter().chain(tags).map(|what| format!("{what} of `{service}`")).collect()
}

impl Request {
    /// The request with its source and its target.
    pub(crate) fn read(inputs: &mut Inputs<'_>, variables: &Variables<'_>) -> (Self, RegistryRequest, RegistryRequest) {
        let source = RegistryRequest::read(inputs, &SOURCE);
        let target = RegistryRequest::read(inputs, &TARGET);
        let promoted_file =
            images_file::written(inputs, variables, "promotedFile", ("promoted", "the file for the references in the target registry"));
        let request = Self {
            images_file: inputs.file_path("imagesFile").unwrap_or_default(),
            services: inputs.lines("services"),
            alias: inputs.text("pipelineResource"),
            tags: repository_name::tags(inputs, "tags"),
            promoted_file,
            dry_run: inputs.boolean("dryRun"),
        };
        (request, source, target)
    }

    /// The images that are promoted.
    pub(crate) fn images(&self) -> Result<Vec<ServiceImage>, TaskError> {
        let ImageList { images, .. } = images_file::read(&self.images_file, &IMAGES)?;
        let file = self.images_file.display();
        let names: Vec<&str> = images.iter().map(|image| image.service.as_str()).collect();
        let missing: Vec<String> =
            self.services.iter().filter(|wanted| !names.contains(&wanted.as_str())).map(|name| format!("`{name}`")).collect();
        let fail = |message: String, hint: String| Err(TaskError::new(codes::PROMOTE_LIST, message).hint(hint));
        if !missing.is_empty() {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            return fail(
                format!("The images file `{file}` has no image of {}.", missing.join(", ")),
                format!("It has {}. Correct the input `services`.", names.join(", ")),
            );
        }
        // What the file names becomes part of addresses.
        let mut bad: Vec<String> = images.iter().flat_map(unusable).collect();
        // The later one would come in place of the other.
        let again = names.iter().enumerate().filter(|(at, name)| names[..*at].contains(name));
        bad.extend(again.map(|(_, name)| format!("`{name}` a second time")));
        if !bad.is_empty() {
            return fail(
                format!("The images file `{file}` has what ImagePublish does not write: {}.", bad.join("; ")),
                "Do not use it: take the images file from the artifact of the CI run, unchanged.".to_owned(),
            );
        }
        let images: Vec<_> =
            images.into_iter().filter(|image| self.services.is_empty() || self.services.contains(&image.service)).collect();
        if images.is_empty() {
            return fail(
                format!("The images file `{file}` has no images."),
                "Check that the run that wrote it published an image.".to_owned(),
            );
        }
        Ok(images)
    }

    /// The run that must have built the images: that of the pipeline resource, as the service tells it to this run.
    pub(crate) fn origin(&self, variables: &Variables<'_>) -> Result<Origin, TaskError> {
        let alias = &self.alias;
        let value = |name: &str| variables.get(&format!("resources.pipeline.{alias}.{name}"));
        let (Some(run), Some(commit), Some(project_id)) = (value("runID"), value("sourceCommit"), value("projectID")) else {
            let message = format!(
                "This run was not told of a pipeline resource `{alias}`: `resources.pipeline.{alias}.runID` and its like are not set."
            );
            return Err(TaskError::new(codes::PROMOTE_RESOURCE, message).hint(format!(
                "Name the CI pipeline under `resources: pipelines: - pipeline: {alias}`, or correct the input `pipelineResource`."
            )));
        };
        let pipeline = Pipeline {
            project_id: project_id.to_owned(),
            definition_id: value("pipelineID").unwrap_or_default().to_owned(),
            definition_name: value("pipelineName").unwrap_or_default().to_owned(),
            ..provenance::pipeline(variables)
        };
        Ok(Origin { run: run.to_owned(), address: pipeline.invocation_id(run), commit: commit.to_owned() })
    }
}
