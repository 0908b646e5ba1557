use std::fmt::Write as _;

use slipway_agent::{TaskContext, TaskError, TaskOutcome};
use slipway_model::{Digest, Facts, ImageFacts, Outcome, ServiceImage};
use slipway_net::Client;
use slipway_oci::provenance::{referrer, statement};
use slipway_oci::{
    BaseError, BaseImage, BuildError, BuiltImage, Credential, Registry, RegistryError, RegistryErrorKind, base_image, build, publish,
};
use time::OffsetDateTime;

use super::request::{BaseReference, Request};
use crate::client::client;
use crate::registry_access::{ConnectedRegistry, RegistryAccess, of_registry};
use crate::scratch::Scratch;
use crate::{codes, delivery, images_file, provenance};

const IMAGES: images_file::Use = images_file::Use {
    may_be_missing: true,
    code: codes::PUB_LIST,
    unreadable: "Let the agent's user read it, or correct the input `imagesFile`.",
    broken: "Remove the file, so that this step writes a new one, or correct the input `imagesFile`.",
};

/// Runs the task.
///
/// # Errors
/// When an input cannot be used, the files cannot become an image, or the registry does not take it. `images.json` and the
/// outputs then stay as they were.
pub async fn run(context: &TaskContext) -> Result<TaskOutcome, TaskError> {
    let mut inputs = context.inputs();
    let (request, registry) = Request::read(&mut inputs, &context.variables());
    let valid = inputs.finish()?;
    let client = client(context)?;
    let access = RegistryAccess::open(registry, &valid, context, &client)?;
    context.reporter().info(&plan(&request, &access.shown()));

    let mut facts = ImageFacts {
        service: request.service.clone(),
        registry: access.shown(),
        repository: request.repository.clone(),
        digest: None,
        platform: request.settings.platform.to_string(),
        folder: shown(&request.folder, context),
        base: None,
        bytes: 0,
        tags: Vec::new(),
        provenance: None,
    };
    let result = tokio::select! {
        biased;
        _ = context.cancellation().cancelled() => None,
        result = Box::pin(work(context, &request, access, &client, &mut facts)) => Some(result),
    };
    let result = result.unwrap_or_else(|| Err(stopped(&facts)));
    let outcome = match &result {
        Ok(()) => Outcome::Succeeded,
        Err(error) if error.code == codes::PUB_STOPPED => Outcome::Canceled,
        Err(_) => Outcome::Failed,
    };
    let problems = result.as_ref().err().cloned();
    delivery::write(context, outcome, request.dry_run, Facts::Image(facts), problems.as_slice());
    result.map(|()| TaskOutcome::Succeeded)
}

fn stopped(facts: &ImageFacts) -> TaskError {
    let message = if facts.provenance.is_some() {
        "The step was stopped after the image and its provenance were pushed; a tag may have been written."
    } else {
        "The step was stopped before the image was published. Neither a tag nor the images file was written."
    };
    TaskError::new(codes::PUB_STOPPED, message).hint("Run the step again: what was sent already is not sent again.")
}

fn plan(request: &Request, registry: &str) -> String {
    let settings = &request.settings;
    let mut text = format!("Plan: build an image of `{}` and push it to {registry}/{}\n", request.folder.display(), request.repository);
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {name}: {value}");
        }
    };
    line("platform", settings.platform.to_string());
    line("base image", request.base.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string));
    line("files in", request.destination.clone());
    line("entry point", settings.entrypoint.join(" "));
    line("command", settings.cmd.join(" "));
    line("environment", settings.env.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "));
    line("user", settings.user.clone());
    line("ports", settings.exposed_ports.join(", "));
    line("tags", request.tags.join(", "));
    text.push_str(if request.dry_run {
        "Dry run: builds the image and signs in; sends nothing and writes no images file."
    } else {
        "Tags and the images file are written after the image and its provenance are in the registry."
    });
    text
}

/// The folder from the root of the sources, where it lies in them.
fn shown(folder: &std::path::Path, context: &TaskContext) -> String {
    let sources = context.variables().sources_folder();
    let inner = sources.as_deref().and_then(|sources| folder.strip_prefix(sources).ok());
    inner.unwrap_or(folder).display().to_string()
}

async fn work(
    context: &TaskContext,
    request: &Request,
    access: RegistryAccess,
    client: &Client,
    facts: &mut ImageFacts,
) -> Result<(), TaskError> {
    let reporter = context.reporter();
    let now = || {
        let now = context.clock().now();
        now.replace_nanosecond(0).unwrap_or(now)
    };
    let started = now();
    let scratch = Scratch::create(&context.variables(), "image-publish")?;
    // What is wrong with the files is said before anything is sent; the list is read again when it is written.
    images_file::read(&request.images_file, &IMAGES)?;
    let built = match &request.base {
        None => Some(build_image(request, None, &scratch).await?),
        Some(_) => None,
    };
    let connected = access.connect(context).await?;
    let target = &connected.registry;
    facts.registry = target.host().to_owned();
    target.check_access(&request.repository, &["pull", "push"]).await.map_err(|error| connected.explain(&error))?;
    let base = match &request.base {
        None => None,
        Some(base) => Some(read_base(context, request, base, &connected, client).await?),
    };
    let built = match built {
        Some(built) => built,
        None => build_image(request, base.as_ref().map(|(_, image)| image.clone()), &scratch).await?,
    };
    facts.base = base.as_ref().map(|(_, image)| image.reference.clone());
    facts.bytes = built.layer.descriptor.size + built.base_layers.iter().map(|layer| layer.size).sum::<u64>();
    let digest = built.manifest.digest.clone();
    reporter.info(&format!("The image is {digest}; its layer of files has {} bytes.", built.layer.descriptor.size));
    if request.dry_run {
        reporter.info("Dry run: nothing was sent.");
        return Ok(());
    }

    let from = base.as_ref().zip(request.base.as_ref()).map(|((registry, _), base)| (registry, base.repository.as_str()));
    let report = publish(target, &request.repository, &built, from).await.map_err(|error| connected.explain(&error))?;
    let reference = format!("{}/{}@{digest}", target.host(), request.repository);
    reporter.info(&format!(
        "Pushed {reference}: {} of {} blobs were there, {} bytes were sent.",
        report.present,
        report.present + report.sent,
        report.bytes_sent
    ));
    facts.digest = Some(digest.clone());

    let provenance = attach(context, request, &built, &connected, (started, now()), facts.base.as_deref()).await?;
    facts.provenance = Some(provenance);
    for tag in &request.tags {
        let before = target.tag(&request.repository, &built.manifest, tag).await.map_err(|error| connected.explain(&error))?;
        match before {
            Some(before) if before != digest => reporter.info(&format!("Tag {tag} names the image now; before it named {before}.")),
            Some(_) => reporter.info(&format!("Tag {tag} named the image already.")),
            None => reporter.info(&format!("Tag {tag} names the image.")),
        }
        facts.tags.push(tag.clone());
    }
    let mut list = images_file::read(&request.images_file, &IMAGES)?;
    list.put(ServiceImage {
        service: request.service.clone(),
        registry: target.host().to_owned(),
        repository: request.repository.clone(),
        digest: digest.clone(),
        tags: request.tags.clone(),
    });
    images_file::write(&request.images_file, &list, codes::PUB_LIST)?;
    reporter.info(&format!("`{}` names it as the image of `{}`.", request.images_file.display(), request.service));
    reporter.set_variable("digest", digest.as_str(), true);
    reporter.set_variable("reference", &reference, true);
    Ok(())
}

/// Builds beside the runtime: reading, hashing and packing keep a processor busy.
async fn build_image(request: &Request, base: Option<BaseImage>, scratch: &Scratch) -> Result<BuiltImage, TaskError> {
    let (folder, destination, settings) = (request.folder.clone(), request.destination.clone(), request.settings.clone());
    let work = scratch.path().to_owned();
    let built = tokio::task::spawn_blocking(move || build(&folder, &destination, &settings, base.as_ref(), &work)).await;
    let result = built.map_err(|error| TaskError::new(codes::PUB_FILES, format!("Building the image ended early: {error}.")))?;
    result.map_err(|error| {
        let code = match error {
            BuildError::BasePlatform { .. } | BuildError::BaseConfig { .. } => codes::PUB_BASE,
            _ => codes::PUB_FILES,
        };
        TaskError::new(code, error.to_string()).hint(error.next_step())
    })
}

/// The base image, and the registry that has it: the target itself, or another one without signing in.
async fn read_base(
    context: &TaskContext,
    request: &Request,
    base: &BaseReference,
    target: &ConnectedRegistry,
    client: &Client,
) -> Result<(Registry, BaseImage), TaskError> {
    let own = base.registry == target.registry.host();
    let registry = if own {
        target.registry.clone()
    } else {
        Registry::new(&base.registry, client.clone(), Credential::Anonymous, context.sink()).map_err(|error| target.explain(&error))?
    };
    let image =
        base_image(&registry, &base.repository, &base.reference, &request.settings.platform).await.map_err(|error| match error {
            BaseError::Registry(error) => unreadable_base(base, own, &error),
            other => TaskError::new(codes::PUB_BASE, other.to_string()).hint(other.next_step()),
        })?;
    context.reporter().info(&format!("The base image is {}.", image.reference));
    Ok((registry, image))
}

fn unreadable_base(base: &BaseReference, own: bool, error: &RegistryError) -> TaskError {
    let failure = of_registry(error);
    let mut message = format!("The base image `{base}` cannot be read. {}", failure.message);
    let hint = match &error.kind {
        RegistryErrorKind::Unauthorized { .. } | RegistryErrorKind::Denied { .. } if !own => {
            message = format!("The base image `{base}` cannot be read without signing in, and the task signs in only to its own registry.");
            format!("Copy the base image to the registry of the image, or choose one that `{}` gives to everybody.", base.registry)
        }
        RegistryErrorKind::RepositoryNotFound | RegistryErrorKind::ManifestNotFound { .. } => {
            "Correct the input `baseImage`, or push the base image.".to_owned()
        }
        _ => failure.hint,
    };
    TaskError::new(failure.code, message).hint(hint)
}

/// Attaches the provenance; returns the referrer's digest.
async fn attach(
    context: &TaskContext,
    request: &Request,
    built: &BuiltImage,
    connected: &ConnectedRegistry,
    times: (OffsetDateTime, OffsetDateTime),
    base: Option<&str>,
) -> Result<Digest, TaskError> {
    let target = &connected.registry;
    let digest = built.manifest.digest.clone();
    let base = base.and_then(|base| {
        let (name, digest) = base.split_once('@')?;
        Some((format!("oci://{name}"), digest.parse().ok()?))
    });
    let subject = (format!("{}/{}", target.host(), request.repository), digest);
    let said = provenance::statement(&context.variables(), subject, base, times);
    let referrer = referrer(&built.manifest.descriptor(), statement(&said));
    target.push_referrer(&request.repository, &referrer).await.map_err(|error| connected.explain(&error))?;
    context
        .reporter()
        .info(&format!("Attached its provenance {} (run {}, commit {}).", referrer.manifest.digest, said.invocation_id, said.commit));
    Ok(referrer.manifest.digest)
}
