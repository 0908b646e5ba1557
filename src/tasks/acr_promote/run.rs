use slipway_agent::{Issue, TaskContext, TaskError, TaskOutcome};
use slipway_model::{Digest, Facts, ImageList, Outcome, PromotedImage, PromotionFacts, ServiceImage};
use slipway_oci::{CopyError, CopyReport, CopyRequest, copy};

use super::origin::{self, Origin};
use super::request::Request;
use crate::client::client;
use crate::registry_access::{ConnectedRegistry, RegistryAccess};
use crate::{codes, delivery, images_file};

/// What became of an image that is in the target now.
const PROMOTED: &str = "promoted";
const PRESENT: &str = "was there";

/// Runs the task.
///
/// # Errors
/// When an input cannot be used, an image does not come from the triggering run, or a registry fails. Nothing is copied while
/// an image is refused, and no tag is written before every digest was verified in the target.
pub async fn run(context: &TaskContext) -> Result<TaskOutcome, TaskError> {
    let mut inputs = context.inputs();
    let variables = context.variables();
    let (request, source, target) = Request::read(&mut inputs, &variables);
    let valid = inputs.finish()?;
    let client = client(context)?;
    let source = RegistryAccess::open(source, &valid, context, &client)?;
    let target = RegistryAccess::open(target, &valid, context, &client)?;
    let images = request.images()?;
    let origin = request.origin(&variables)?;
    context.reporter().info(&plan(&request, &images, &origin, &source.shown(), &target.shown()));

    let mut facts = PromotionFacts {
        source: source.shown(),
        target: target.shown(),
        run: origin.run.clone(),
        commit: origin.commit.clone(),
        images: images.iter().map(|image| fact(image, if request.dry_run { "planned" } else { "not copied" })).collect(),
    };
    let result = tokio::select! {
        biased;
        _ = context.cancellation().cancelled() => None,
        result = Box::pin(work(context, &request, &images, &origin, (source, target), &mut facts)) => Some(result),
    };
    let result = result.unwrap_or_else(|| Err(vec![stopped(&facts)]));
    let (outcome, problems) = match result {
        Ok(warned) => (if warned { Outcome::SucceededWithIssues } else { Outcome::Succeeded }, Vec::new()),
        Err(problems) if problems.iter().any(|problem| problem.code == codes::PROMOTE_STOPPED) => (Outcome::Canceled, problems),
        Err(problems) => (Outcome::Failed, problems),
    };
    delivery::write(context, outcome, request.dry_run, Facts::Promotion(facts), &problems);
    match problems.as_slice() {
        [] if outcome == Outcome::SucceededWithIssues => Ok(TaskOutcome::SucceededWithIssues),
        [] => Ok(TaskOutcome::Succeeded),
        [only] => Err(only.clone()),
        several => {
            for problem in several {
                context.reporter().issue(Issue::error(problem.to_string()).code(problem.code));
            }
            let message = format!("{} of {} images cannot be promoted. Nothing was copied.", several.len(), images.len());
            Err(TaskError::new(codes::PROMOTE_SEVERAL, message).hint("Each problem stands above with its code and its own next step."))
        }
    }
}

fn stopped(facts: &PromotionFacts) -> TaskError {
    let message = if facts.images.iter().all(|image| matches!(image.outcome.as_str(), PROMOTED | PRESENT)) {
        "The step was stopped after every image was copied; a tag may have been written."
    } else {
        "The step was stopped before every image was promoted. No tag was written."
    };
    TaskError::new(codes::PROMOTE_STOPPED, message).hint("Run the step again: what was sent already is not sent again.")
}

fn fact(image: &ServiceImage, outcome: &str) -> PromotedImage {
    PromotedImage {
        service: image.service.clone(),
        repository: image.repository.clone(),
        digest: image.digest.clone(),
        provenance: None,
        outcome: outcome.to_owned(),
        bytes: 0,
        tags: Vec::new(),
    }
}

fn plan(request: &Request, images: &[ServiceImage], origin: &Origin, source: &str, target: &str) -> String {
    let count = if images.len() == 1 { "1 image".to_owned() } else { format!("{} images", images.len()) };
    let mut text = format!("Plan: promote {count} from {source} to {target}\n");
    for image in images {
        text.push_str(&format!("  {}: {}@{}\n", image.service, image.repository, image.digest));
    }
    text.push_str(&format!("  Each must have been built by run {} of commit {}.\n", origin.address, origin.commit));
    if !request.tags.is_empty() {
        text.push_str(&format!("  tags: {}\n", request.tags.join(", ")));
    }
    text.push_str(if request.dry_run {
        "Dry run: checks everything and sends nothing."
    } else {
        "Nothing is copied while an image is refused; tags are written when every digest is verified in the target."
    });
    text
}

/// Whether there was a warning; else every problem.
async fn work(
    context: &TaskContext,
    request: &Request,
    images: &[ServiceImage],
    origin: &Origin,
    (source, target): (RegistryAccess, RegistryAccess),
    facts: &mut PromotionFacts,
) -> Result<bool, Vec<TaskError>> {
    let reporter = context.reporter();
    let one = |error: TaskError| vec![error];
    let source = source.connect(context).await.map_err(one)?;
    let target = target.connect(context).await.map_err(one)?;
    facts.source = source.registry.host().to_owned();
    facts.target = target.registry.host().to_owned();
    if facts.source == facts.target {
        let message = format!("Source and target are the same registry, `{}`.", facts.source);
        return Err(one(TaskError::new(codes::PROMOTE_SAME, message).hint("Name the production registry as the target.")));
    }

    let mut problems = Vec::new();
    let mut may_push = Vec::new();
    for (image, fact) in images.iter().zip(&mut facts.images) {
        match judge(&source, &target, image, origin, &mut may_push).await {
            Ok(provenance) => {
                reporter.info(&format!("{}: built by the triggering run, says its provenance {provenance}.", image.service));
                fact.provenance = Some(provenance);
            }
            Err(problem) => {
                // a registry that is not reached says nothing about the image
                if matches!(problem.code, codes::PROMOTE_PROVENANCE | codes::PROMOTE_LIST | codes::REG_IMAGE | codes::REG_DIGEST) {
                    fact.outcome = "refused".to_owned();
                }
                problems.push(problem);
            }
        }
    }
    if !problems.is_empty() {
        // One cause, such as a sign-in that fails, concerns every image and is one problem.
        problems.dedup_by(|a, b| a.code == b.code && a.message == b.message);
        return Err(problems);
    }
    let warned = moved_tags(context, &source, images).await.map_err(one)?;
    if request.dry_run {
        reporter.info("Dry run: nothing was sent.");
        return Ok(warned);
    }
    for (image, fact) in images.iter().zip(&mut facts.images) {
        let report = promote(&source, &target, image).await.map_err(one)?;
        fact.bytes = report.bytes_sent;
        fact.outcome = if report.manifests.is_empty() { PRESENT } else { PROMOTED }.to_owned();
        reporter.info(&told(image, target.registry.host(), &report));
    }
    write_tags(context, &target, images, &request.tags, facts).await.map_err(one)?;

    let mut list = ImageList::new();
    for image in images {
        list.put(ServiceImage { registry: target.registry.host().to_owned(), tags: request.tags.clone(), ..image.clone() });
    }
    images_file::write(&request.promoted_file, &list, codes::PROMOTE_LIST).map_err(one)?;
    reporter.info(&format!("`{}` names the images in the target registry.", request.promoted_file.display()));
    let references: Vec<String> = list.images.iter().map(|image| image.reference().to_string()).collect();
    reporter.set_variable("reference", references.first().map_or("", String::as_str), true);
    reporter.set_variable("references", &references.join(","), true);
    reporter.set_variable("images", &serde_json::to_string(&list).unwrap_or_default(), true);
    Ok(warned)
}

/// Whether the image may be promoted: it is of the source registry, was built by the run, and the target takes it. Returns
/// the provenance that says so.
async fn judge(
    source: &ConnectedRegistry,
    target: &ConnectedRegistry,
    image: &ServiceImage,
    origin: &Origin,
    may_push: &mut Vec<String>,
) -> Result<Digest, TaskError> {
    let host = source.registry.host();
    if image.registry != host {
        let message = format!("The image of `{}` is in `{}` and not in the source registry `{host}`.", image.service, image.registry);
        return Err(TaskError::new(codes::PROMOTE_LIST, message)
            .hint("Name the registry that the CI run publishes to as the source, and take its images file unchanged."));
    }
    let repository = &image.repository;
    source.registry.check_access(repository, &["pull"]).await.map_err(|error| source.explain(&error))?;
    let provenance = origin::check(source, image, origin).await?;
    if !may_push.contains(repository) {
        target.registry.check_access(repository, &["pull", "push"]).await.map_err(|error| target.explain(&error))?;
        may_push.push(repository.clone());
    }
    Ok(provenance)
}

/// Says which tags of the CI run name other images by now. They are not what is promoted, so it is a warning.
async fn moved_tags(context: &TaskContext, source: &ConnectedRegistry, images: &[ServiceImage]) -> Result<bool, TaskError> {
    let mut warned = false;
    for image in images {
        for tag in &image.tags {
            let named = source.registry.head(&image.repository, tag).await.map_err(|error| source.explain(&error))?;
            let now = match named {
                Some(head) if head.digest == image.digest => continue,
                Some(head) => format!("names {} now", head.digest),
                None => "is gone".to_owned(),
            };
            warned = true;
            context.reporter().warning(format!(
                "The tag `{tag}` of `{}/{}`, which the CI run wrote for {}, {now}. The promotion goes by digest and is not affected; find out who moved the tag.",
                source.registry.host(),
                image.repository,
                image.digest
            ));
        }
    }
    Ok(warned)
}

async fn promote(source: &ConnectedRegistry, target: &ConnectedRegistry, image: &ServiceImage) -> Result<CopyReport, TaskError> {
    let request = CopyRequest {
        source_repository: image.repository.clone(),
        target_repository: image.repository.clone(),
        digest: image.digest.clone(),
        referrers: true,
    };
    let explain = |error: CopyError| match &error {
        CopyError::Source(error) => source.explain(error),
        CopyError::Target(error) => target.explain(error),
    };
    copy(&source.registry, &target.registry, &request, &mut |_| {}).await.map_err(explain)
}

fn told(image: &ServiceImage, target: &str, report: &CopyReport) -> String {
    let there = report.blobs_present + report.blobs_mounted;
    let what = if report.manifests.is_empty() {
        "was there".to_owned()
    } else {
        format!("{} of {} blobs were there, {} bytes were sent", there, there + report.blobs_sent, report.bytes_sent)
    };
    format!(
        "{}: {target}/{}@{}: {what}; {} requests to the source, {} to the target; {}.",
        image.service,
        image.repository,
        image.digest,
        report.requests_source,
        report.requests_target,
        match report.referrers.len() {
            1 => "1 referrer".to_owned(),
            count => format!("{count} referrers"),
        }
    )
}

/// Writes the tags of every image. Their digests were verified before.
async fn write_tags(
    context: &TaskContext,
    target: &ConnectedRegistry,
    images: &[ServiceImage],
    tags: &[String],
    facts: &mut PromotionFacts,
) -> Result<(), TaskError> {
    let explain = |error| target.explain(&error);
    for (image, fact) in images.iter().zip(&mut facts.images).filter(|_| !tags.is_empty()) {
        let manifest = target.registry.manifest(&image.repository, &image.digest).await.map_err(explain)?;
        for tag in tags {
            let before = target.registry.tag(&image.repository, &manifest, tag).await.map_err(explain)?;
            let told = match before {
                Some(before) if before != image.digest => format!("names it now; before it named {before}"),
                Some(_) => "named it already".to_owned(),
                None => "names it".to_owned(),
            };
            context.reporter().info(&format!("{}: tag {tag} {told}.", image.service));
            fact.tags.push(tag.clone());
        }
    }
    Ok(())
}
