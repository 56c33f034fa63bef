//! The data API alone, at the root path and without gateway keys, on somebody else's database: a drop-in for PostgREST,
//! with its settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ferrobase_db::{Db, DbOptions, PoolRole, RequestPoolOptions, Target};
use ferrobase_http::install_crypto;
use ferrobase_jwt::{Clock, Verifier};
use ferrobase_rest::{Environment, Parts, RestConfig, State};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::StartError;
use crate::listener::{Bound, Listening, Purpose};

const PURPOSE: Purpose = Purpose {
    name: "data API",
    key: "PGRST_SERVER_PORT",
};

/// Port without a setting, as with PostgREST.
const PORT: u16 = 3000;

/// What the command line says.
#[derive(Debug, Default)]
pub struct DataApiOptions {
    /// The database; `PGRST_DB_URI` otherwise.
    pub db_url: Option<String>,
    /// Address to listen on; `PGRST_SERVER_HOST` otherwise.
    pub host: Option<IpAddr>,
    /// Port; `PGRST_SERVER_PORT` otherwise.
    pub port: Option<u16>,
}

/// A running data API.
#[derive(Debug)]
pub struct DataApi {
    /// Where it listens.
    pub address: SocketAddr,
    listening: Listening,
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Starts the data API with the settings of the environment's variables.
pub async fn serve_data_api(
    options: DataApiOptions,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<DataApi, StartError> {
    install_crypto();
    let environment = Environment::new(variables);
    let mut config = RestConfig::default();
    environment.apply(&mut config)?;
    config.pool_size = environment.number("DB_POOL")?.unwrap_or(config.pool_size).max(1);
    let host = match options.host {
        Some(host) => host,
        None => host(environment.text("SERVER_HOST"))?,
    };
    let port = match options.port {
        Some(port) => port,
        None => environment.number("SERVER_PORT")?.unwrap_or(PORT),
    };
    config.address = (host.to_string(), port);
    let url = options
        .db_url
        .or_else(|| environment.text("DB_URI").map(str::to_owned))
        .unwrap_or_else(|| "postgresql://".to_owned());
    let verifier = verifier(&environment)?;
    environment.warn_of_what_has_no_effect();
    let bound = Bound::bind(SocketAddr::new(host, port), PURPOSE).await?;
    let db = Db::new(&DbOptions {
        target: Target::Url(url),
        max_connections: 1,
    })?;
    // The login becomes the callers' roles itself.
    let state = State::new(Parts {
        requests: db.requests(PoolRole::Admin, pool_options(&config))?,
        pool: db.pool(PoolRole::Admin)?,
        verifier,
        config,
    });
    let (ending, mut ended) = watch::channel(false);
    let task = tokio::spawn(ferrobase_rest::run_tasks(state.clone(), async move {
        let _ = ended.wait_for(|ended| *ended).await;
    }));
    let address = bound.address;
    Ok(DataApi {
        address,
        listening: bound.serve(ferrobase_rest::standalone(state)),
        ending,
        task,
    })
}

impl DataApi {
    /// Lets open requests end, then everything else.
    pub async fn stop(mut self) {
        self.listening.drain().await;
        self.ending.send_replace(true);
        let _ = self.task.await;
    }
}

/// The request pool that the settings mean.
pub(crate) fn pool_options(config: &RestConfig) -> RequestPoolOptions {
    let defaults = RequestPoolOptions::default();
    RequestPoolOptions {
        max_connections: config.pool_size,
        acquire_timeout: config.pool_wait,
        prepared_statements: if config.prepared_statements {
            defaults.prepared_statements
        } else {
            0
        },
        pipeline: config.pipeline,
        ..defaults
    }
}

fn verifier(environment: &Environment) -> Result<Option<Verifier>, StartError> {
    let Some(secret) = environment.text("JWT_SECRET") else {
        return Ok(None);
    };
    let mut is_base64 = false;
    environment.flag("JWT_SECRET_IS_BASE64", &mut is_base64)?;
    let audience = environment.text("JWT_AUD").map(str::to_owned);
    Ok(Some(Verifier::new(secret, is_base64, audience, Clock::System)?))
}

/// An address; PostgREST's names for "any" are understood.
fn host(text: Option<&str>) -> Result<IpAddr, StartError> {
    match text {
        None | Some("localhost") => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Some("!4" | "*" | "*4" | "!6" | "*6") => Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        Some(text) => text.parse().map_err(|_| {
            StartError::Setting(ferrobase_rest::SettingError {
                name: "PGRST_SERVER_HOST".to_owned(),
                value: text.to_owned(),
                expected: "an IP address",
            })
        }),
    }
}
