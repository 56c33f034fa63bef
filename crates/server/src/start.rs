//! The composition: everything that a start does, in order.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ferrobase_auth::{AuthConfig, Parts as AuthParts, State as AuthState};
use ferrobase_config::Config;
use ferrobase_db::{Db, PoolRole};
use ferrobase_http::{Outgoing, Policy, install_crypto};
use ferrobase_jwt::{Clock, KeySet, ProjectKeys, Random, TokenKeys};
use ferrobase_messages::{Inbox, Messenger, MessengerOptions};
use ferrobase_realtime::RealtimeConfig;
use ferrobase_rest::{Parts as RestParts, RestConfig, State as RestState};
use ferrobase_storage::{StorageConfig, run_tasks as storage_tasks};
use ferrobase_telemetry::Metrics;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::data_api::pool_options;
use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::error::StartError;
use crate::gateway::{Front, Gateway, Services};
use crate::key_source::KeySource;
use crate::listener::{Bound, Purpose};
use crate::options::StartOptions;
use crate::project::Project;
use crate::realtime::{self, Judge};
use crate::running::{Failure, Parts, Running};
use crate::settings::{Settings, SigningKeys};
use crate::state_file::{Socket, StateFile, read_state};
use crate::storage;
use crate::third_party::ThirdParties;

/// Time between two foldings of the metrics.
const UPKEEP: Duration = Duration::from_secs(15);

const API: Purpose = Purpose {
    name: "API",
    key: "api.port",
};
const INBOX: Purpose = Purpose {
    name: "inbox",
    key: "local_smtp.port",
};

/// Starts everything and returns when it serves. Ports are bound first, so that a taken one is told at once; clients that
/// connect early wait until the database is ready.
pub async fn serve(config: Config, options: StartOptions) -> Result<Running, StartError> {
    install_crypto();
    let metrics = Metrics::install().map_err(|error| StartError::Metrics(error.to_string()))?;
    let settings = Settings::load(&config)?;
    let ports = Ports::bind(&options, &settings).await?;
    let api_url = ports.api_url(&settings);
    let auth_config = AuthConfig::load(&config, below(&api_url, "auth/v1"))?;
    let rest_config = RestConfig::load(&config, config.variables())?;
    let storage_config = StorageConfig::load(&config)?;
    let realtime_config = RealtimeConfig::load(&config)?;
    let s3_region = storage_config.s3.region.clone();

    let (random, clock) = (Random, Clock::System);
    let mut project = Project::open(&options)?;
    let keys = project.keys(&settings.given_keys, options.ephemeral, &random, &clock)?;
    let (source, tokens) = token_keys(&settings, &keys, &project, &options, clock.clone())?;
    let mut database = Database::open(&options, &config, &settings, &project, &keys).await?;

    let started = async {
        let pool = database.db.pool(PoolRole::AuthAdmin)?;
        let (ending, _) = watch::channel(false);
        let inbox = ports.inbox.as_ref().map(|_| Inbox::new(clock.clone(), random));
        let clients = Clients::new(&auth_config)?;
        let parties = settings.third_parties.clone();
        let third_parties = ThirdParties::new(parties, &clients.guarded, &clients.open, &clock);
        let auth = auth_state(
            auth_config,
            clients,
            pool.clone(),
            tokens.clone(),
            inbox.clone(),
            clock.clone(),
            random,
        )?;
        // So that the first mail has them; they take no longer than their own time limit, and none is the rule.
        auth.mailer.refresh_templates(&auth.outgoing).await;
        let mut tasks = vec![];
        begin(&mut tasks, &ending, Some(&metrics), keep_metrics_small);
        begin(&mut tasks, &ending, Some(&auth), ferrobase_auth::run_tasks);
        tasks.extend(third_parties.tasks(|| until(&ending)));
        let follow = |source: KeySource| tokio::spawn(source.follow(tokens.clone(), until(&ending)));
        tasks.extend(source.map(follow));
        let rest = rest_state(rest_config, &database.db, &settings, &api_url)?;
        begin(&mut tasks, &ending, rest.as_ref(), ferrobase_rest::run_tasks);
        let storage = storage::open(
            project.blobs_dir(&options, storage_config.path.as_deref()),
            storage_config,
            &database.db,
            tokens.clone(),
            &keys,
            clock.clone(),
            random,
        )
        .await?;
        begin(&mut tasks, &ending, storage.as_ref(), storage_tasks);
        let judge = Judge::new(&keys, &tokens, &third_parties);
        let opening = realtime::open(
            realtime_config,
            judge,
            &database.db,
            ending.subscribe(),
            clock,
            random,
        );
        let realtime = Box::pin(opening)
            .await?
            .map(|opened| realtime::run(opened, &mut tasks, &ending));
        let services = Services {
            auth: settings.auth_enabled.then(|| ferrobase_auth::router(auth)),
            rest,
            storage,
            realtime,
        };
        let front = Gateway::new(keys.clone(), tokens.clone(), third_parties, metrics, pool).front(services);
        Ok::<_, StartError>((front, inbox, ending, tasks))
    };
    let (front, inbox, ending, tasks) = match started.await {
        Ok(started) => started,
        Err(error) => {
            database.stop().await;
            return Err(error);
        }
    };

    let endpoints = endpoints(&api_url, &database, &ports, &keys, s3_region);
    let failure = Failure::new();
    database.watch(failure.clone());
    let listeners = ports.serve(front, inbox.as_ref());
    let state_file = write_state(&options, &endpoints, database.socket())?;
    Ok(Running::new(
        endpoints,
        failure,
        ending,
        Parts {
            listeners,
            inbox,
            tasks,
            database,
            state_file,
            project,
        },
    ))
}

/// The bound listeners.
struct Ports {
    api: Bound,
    inbox: Option<Bound>,
}

impl Ports {
    async fn bind(options: &StartOptions, settings: &Settings) -> Result<Self, StartError> {
        let host = options.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = |configured: u16| if options.ephemeral { 0 } else { configured };
        let api = options.port.unwrap_or(port(settings.api_port));
        let inbox = match settings.inbox_port {
            None => None,
            Some(configured) => Some(Bound::bind(SocketAddr::new(host, port(configured)), INBOX).await?),
        };
        Ok(Self {
            api: Bound::bind(SocketAddr::new(host, api), API).await?,
            inbox,
        })
    }

    fn api_url(&self, settings: &Settings) -> Url {
        settings
            .external_url
            .clone()
            .unwrap_or_else(|| local_url(self.api.address))
    }

    fn inbox_url(&self) -> Option<String> {
        self.inbox
            .as_ref()
            .map(|inbox| trimmed(&local_url(inbox.address)))
    }

    fn serve(self, front: Front, inbox: Option<&Inbox>) -> Vec<crate::listener::Listening> {
        let mut listeners = vec![self.api.serve(front)];
        if let (Some(bound), Some(inbox)) = (self.inbox, inbox) {
            listeners.push(bound.serve(ferrobase_messages::inbox::router(inbox.clone())));
        }
        listeners
    }
}

/// The address by which this machine reaches a listener.
fn local_url(address: SocketAddr) -> Url {
    let ip = match address.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let mut url = Url::parse("http://127.0.0.1/").unwrap_or_else(|_| unreachable!("a constant"));
    let _ = url.set_ip_host(ip);
    let _ = url.set_port(Some(address.port()));
    url
}

fn trimmed(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// `path` below `base`, whatever slashes that ends with.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// The keys of user tokens, and where changes of them will be seen.
fn token_keys(
    settings: &Settings,
    keys: &ProjectKeys,
    project: &Project,
    options: &StartOptions,
    clock: Clock,
) -> Result<(Option<KeySource>, TokenKeys), StartError> {
    let (source, jwks) = match &settings.signing_keys {
        Some(SigningKeys::Given(jwks)) => (None, jwks.clone()),
        Some(SigningKeys::File(path)) => {
            let source = KeySource::List(path.clone());
            let jwks = source.read()?.jwks();
            (Some(source), jwks)
        }
        None => {
            let source = (!options.ephemeral).then(|| KeySource::Project(project.keys_file()));
            (source, keys.signing_keys.jwks())
        }
    };
    let set = KeySet {
        secret: keys.jwt_secret.clone(),
        jwks,
        sign_with_secret: settings.sign_with_secret,
    };
    Ok((source, TokenKeys::new(&set, clock)?))
}

/// Who asks other servers.
struct Clients {
    /// What the file of settings names is the operator's own, often on this machine.
    open: Outgoing,
    /// For addresses that came in through the API, or from others.
    guarded: Outgoing,
}

impl Clients {
    fn new(config: &AuthConfig) -> Result<Self, StartError> {
        Ok(Self {
            open: outgoing(true)?,
            guarded: outgoing(config.allow_private_addresses)?,
        })
    }
}

fn auth_state(
    config: AuthConfig,
    clients: Clients,
    pool: ferrobase_db::Pool,
    keys: TokenKeys,
    inbox: Option<Inbox>,
    clock: Clock,
    random: Random,
) -> Result<AuthState, StartError> {
    let Clients {
        open: outgoing,
        guarded,
    } = clients;
    let messages = MessengerOptions {
        smtp: config.email.smtp.clone(),
        sms: config.sms.transport.clone(),
        from_email: config.email.from_email.clone(),
        from_name: config.email.from_name.clone(),
    };
    let messenger = Messenger::new(messages, inbox, outgoing.clone(), clock.clone(), random);
    Ok(AuthState::new(AuthParts {
        config,
        pool,
        keys,
        messenger,
        outgoing,
        guarded,
        clock,
        random,
    })?)
}

/// How outgoing requests name this program.
pub(crate) const USER_AGENT: &str = concat!("ferrobase/", env!("CARGO_PKG_VERSION"));

fn outgoing(allow_private: bool) -> Result<Outgoing, StartError> {
    let policy = Policy {
        allow_private,
        idle_per_host: 4,
        user_agent: USER_AGENT.to_owned(),
    };
    Outgoing::new(&policy).map_err(|error| StartError::Outgoing(error.to_string()))
}

/// `None` when the data API is off.
fn rest_state(
    config: Option<RestConfig>,
    db: &Db,
    settings: &Settings,
    api_url: &Url,
) -> Result<Option<RestState>, StartError> {
    let Some(mut config) = config else {
        return Ok(None);
    };
    config.pool_size = settings.max_connections;
    // The description names the address by which clients reach it, which is the gateway's.
    config
        .openapi_proxy
        .get_or_insert_with(|| trimmed(&below(api_url, "rest/v1")));
    Ok(Some(RestState::new(RestParts {
        requests: db.requests(PoolRole::Authenticator, pool_options(&config))?,
        pool: db.pool(PoolRole::Authenticator)?,
        // The gateway verifies.
        verifier: None,
        config,
    })))
}

/// Recorded durations are folded into histograms, whether or not anybody asks for them.
async fn keep_metrics_small(metrics: Metrics, ended: impl Future<Output = ()> + Send) {
    let mut ended = std::pin::pin!(ended);
    loop {
        tokio::select! {
            () = &mut ended => return,
            () = tokio::time::sleep(UPKEEP) => metrics.upkeep(),
        }
    }
}

/// Begins the background work of a service that is on.
fn begin<S: Clone, F: Future<Output = ()> + Send + 'static>(
    tasks: &mut Vec<JoinHandle<()>>,
    ending: &watch::Sender<bool>,
    service: Option<&S>,
    run: impl FnOnce(S, BoxFuture<'static, ()>) -> F,
) {
    let run = |service| tokio::spawn(run(service, until(ending).boxed()));
    tasks.extend(service.cloned().map(run));
}

/// Resolves when the backend ends.
pub(crate) fn until(ending: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut ended = ending.subscribe();
    async move {
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

fn endpoints(
    api_url: &Url,
    database: &Database,
    ports: &Ports,
    keys: &ProjectKeys,
    s3_region: String,
) -> Endpoints {
    Endpoints {
        api_url: trimmed(api_url),
        db_url: database.url.clone(),
        inbox_url: ports.inbox_url(),
        publishable_key: keys.publishable_key.clone(),
        secret_key: keys.secret_key.clone(),
        anon_key: keys.anon_key.clone(),
        service_role_key: keys.service_role_key.clone(),
        jwt_secret: keys.jwt_secret.expose_secret().to_owned(),
        s3_access_key_id: keys.s3_access_key_id.clone(),
        s3_secret_access_key: keys.s3_secret_access_key.clone(),
        s3_region,
    }
}

/// An ephemeral backend beside a running one leaves that one's file alone.
fn write_state(
    options: &StartOptions,
    endpoints: &Endpoints,
    socket: Option<Socket>,
) -> Result<Option<StateFile>, StartError> {
    if options.ephemeral && read_state(&options.workdir).is_some() {
        return Ok(None);
    }
    let path = crate::state_file::state_dir(&options.workdir);
    StateFile::write(&options.workdir, endpoints, socket)
        .map(Some)
        .map_err(|source| StartError::State { path, source })
}
