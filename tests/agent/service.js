'use strict';
// What Azure DevOps would send to an agent for a run that somebody started by hand: the variables that its documentation lists
// ("Predefined variables"), and the job's own connection. Values that only the local Azure knows are taken from it.

const { createHash, randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { SYSTEM } = require('./mini-agent');

/** Who `slipway run` says asked for the run when the environment names nobody. */
const PERSON = 'local user';
const TOKEN = `job-token-${randomUUID()}`;

/** The documented variables of a run of `pipeline` in the default stage and job. */
function variables(world, { pipeline, collectionUri, project, projectId, displayNames = { job: 'Job', stage: '__default' } }) {
  const [plan, job] = [randomUUID(), randomUUID()];
  const person = randomUUID();
  return {
    'Agent.Id': '1',
    'Agent.JobName': displayNames.job,
    'Agent.MachineName': 'slipway-1',
    'Agent.Name': 'slipway-1',
    'Agent.Version': '4.275.0',
    'Build.BuildId': '1',
    'Build.BuildNumber': '20200101.1',
    'Build.BuildUri': 'vstfs:///Build/Build/1',
    'Build.ContainerId': '1',
    'Build.DefinitionName': pipeline,
    'Build.DefinitionVersion': '1',
    'Build.QueuedBy': PERSON,
    'Build.QueuedById': person,
    'Build.Reason': 'Manual',
    'Build.Repository.Clean': 'False',
    'Build.Repository.Git.SubmoduleCheckout': 'False',
    'Build.Repository.ID': randomUUID(),
    'Build.Repository.Name': 'repository',
    'Build.Repository.Provider': 'TfsGit',
    'Build.Repository.Uri': `${collectionUri}${project}/_git/repository`,
    'Build.RequestedFor': PERSON,
    'Build.RequestedForId': person,
    'Build.SourceBranch': 'refs/heads/main',
    'Build.SourceBranchName': 'main',
    'Build.SourceVersion': world.commit,
    'Build.SourceVersionAuthor': PERSON,
    'Build.SourceVersionMessage': 'The first commit',
    'System.CollectionId': randomUUID(),
    'System.CollectionUri': collectionUri,
    // Not in the list: the task library reads its texts by it.
    'System.Culture': 'en-US',
    'System.DefinitionId': '1',
    'System.HostType': 'build',
    'System.JobAttempt': '1',
    'System.JobDisplayName': displayNames.job,
    'System.JobId': job,
    'System.JobName': '__default',
    'System.OidcRequestUri': `${collectionUri}${projectId}/_apis/distributedtask/hubs/build/plans/${plan}/jobs/${job}/oidctoken`,
    'System.PhaseAttempt': '1',
    'System.PhaseDisplayName': displayNames.job,
    'System.PhaseName': 'Job_1',
    'System.PlanId': plan,
    'System.PullRequest.IsFork': 'False',
    'System.StageAttempt': '1',
    'System.StageDisplayName': displayNames.stage,
    'System.StageName': '__default',
    'System.TeamFoundationCollectionUri': collectionUri,
    'System.TeamProject': project,
    'System.TeamProjectId': projectId,
    'System.TimelineId': plan,
  };
}

/** The settings of an agent that was configured with a proxy and a certificate authority. */
const network = ({ proxyUrl, caFile }) => ({ 'Agent.ProxyUrl': proxyUrl, 'Agent.CAInfo': caFile });

/** The job's own connection. */
const own = ({ collectionUri }) => ({ id: SYSTEM, url: collectionUri, scheme: 'OAuth', parameters: { AccessToken: TOKEN }, data: {} });

/**
 * The connection that the pipeline calls `name`, from the environment of a task of ours that was given it: ids and values are the local
 * Azure's and could be anything.
 */
function connection(name, environment) {
  const id = environment.INPUT_AZURESUBSCRIPTION;
  const { scheme, parameters } = JSON.parse(environment[`ENDPOINT_AUTH_${id}`]);
  return { id, name, url: environment[`ENDPOINT_URL_${id}`], scheme, parameters, data: JSON.parse(environment[`ENDPOINT_DATA_${id}`]) };
}

/** Tells the local Azure of a running job and of the connections that it may use, so that it issues the job's OIDC tokens. */
function register({ jobsFolder }, variables, connections) {
  const job = {
    schema: 1,
    hub: variables['System.HostType'],
    planId: variables['System.PlanId'],
    jobId: variables['System.JobId'],
    accessTokenSha256: createHash('sha256').update(TOKEN).digest('hex'),
    connections: connections.map(({ id, name }) => ({ id, name })),
  };
  fs.mkdirSync(jobsFolder, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(jobsFolder, `${job.jobId}.json`), JSON.stringify(job), { mode: 0o600 });
}

/** Names of connections in inputs replaced by their ids, as the service does before the agent is asked. */
function resolve(inputs, connections) {
  const id = (value) => (connections.find((connection) => connection.name === value) || {}).id || value;
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, id(value)]));
}

module.exports = { TOKEN, connection, network, own, register, resolve, variables };
