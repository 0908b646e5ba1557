//! `task.setendpoint`.

use url::Url;
use uuid::Uuid;

use super::variable::add_secret;
use super::{Command, CommandError};
use crate::step_context::StepContext;

pub(super) fn set(step: &StepContext<'_>, command: &Command) -> Result<(), CommandError> {
    if command.data.is_empty() {
        return Err("Enter a valid value for setendpoint.".to_owned());
    }
    let field = command.property("field").ok_or("Required field 'field' is missing in ##vso[task.setendpoint] command.")?.to_lowercase();
    if field == "authparameter" {
        // Masked before anything can be wrong with the rest of the command.
        add_secret(step, &command.data);
    }
    let id = command.property("id").ok_or("Required field 'id' is missing in ##vso[task.setendpoint] command.")?;
    let id = Uuid::parse_str(id.trim()).map_err(|_| "Invalid endpoint id.")?;
    if id.is_nil() {
        step.warning("Modification of system endpoint 'SystemVssConnection' is not allowed via setendpoint command.");
        return Ok(());
    }
    let mut endpoints = step.job.endpoints.borrow_mut();
    let endpoint = endpoints.iter_mut().find(|endpoint| endpoint.id.eq_ignore_ascii_case(&id.to_string()));
    let endpoint = endpoint.ok_or_else(|| format!("The service connection {id} is not declared by the steps of this job."))?;
    if field == "url" {
        Url::parse(&command.data).map_err(|_| "Invalid endpoint Url.")?;
        endpoint.url.clone_from(&command.data);
        return Ok(());
    }
    let key = command.property("key").ok_or("Required field 'key' is missing in ##vso[task.setendpoint] command.")?;
    let pairs = match field.as_str() {
        "dataparameter" => &mut endpoint.data,
        "authparameter" => &mut endpoint.parameters,
        _ => return Err("Invalid endpoint field. Valid values are url, dataParameter and authParameter".to_owned()),
    };
    match pairs.iter_mut().find(|(present, _)| present.eq_ignore_ascii_case(key)) {
        Some((_, value)) => value.clone_from(&command.data),
        None => pairs.push((key.to_owned(), command.data.clone())),
    }
    Ok(())
}
