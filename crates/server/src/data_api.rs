//! The data API alone, at the root path and without gateway keys, on somebody else's database: a drop-in for PostgREST,
//! with its settings.

mod admin;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::middleware::from_fn;
use ferrobase_db::{Db, DbOptions, PoolRole, RequestPoolOptions, Target};
use ferrobase_http::install_crypto;
use ferrobase_jwt::Clock;
use ferrobase_rest::{Environment, Parts, RestConfig, SettingError, State};
use ferrobase_telemetry::Metrics;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::admin::Admin;
use crate::error::StartError;
use crate::listener::{Bound, Listening, Purpose};

const PURPOSE: Purpose = Purpose {
    name: "data API",
    key: "PGRST_SERVER_PORT",
};

const ADMIN: Purpose = Purpose {
    name: "data API's administration",
    key: "PGRST_ADMIN_SERVER_PORT",
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
    /// Where its health and metrics are.
    pub admin_address: Option<SocketAddr>,
    state: State,
    listening: Listening,
    admin: Option<Listening>,
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
    let (address, admin_address) = addresses(&options, &environment)?;
    let mut config = RestConfig::default();
    environment.apply(&mut config)?;
    config.pool_size = environment.number("DB_POOL")?.unwrap_or(config.pool_size).max(1);
    config.address = (address.ip().to_string(), address.port());
    let url = match options.db_url {
        Some(url) => Some(url),
        None => environment.text_or_file("DB_URI").await?,
    };
    let tokens = environment.tokens()?;
    let verifier = tokens.clone().with_file().await?.verifier(Clock::System)?;
    config.tokens = Some(tokens);
    environment.warn_of_what_has_no_effect();
    let bound = Bound::bind(address, PURPOSE).await?;
    let bound_admin = match admin_address {
        Some(address) => Some(Bound::bind(address, ADMIN).await?),
        None => None,
    };
    let db = Db::new(&DbOptions {
        target: Target::Url(url.unwrap_or_else(|| "postgresql://".to_owned())),
        max_connections: 1,
    })?;
    // The login becomes the callers' roles itself.
    let state = State::new(Parts {
        requests: db.requests(PoolRole::Admin, pool_options(&config))?,
        pool: db.pool(PoolRole::Admin)?,
        verifier,
        config,
    });
    begin(state, bound, bound_admin)
}

/// Accepts on the listeners and loads the schema cache.
fn begin(state: State, bound: Bound, bound_admin: Option<Bound>) -> Result<DataApi, StartError> {
    let address = bound.address;
    let admin_address = bound_admin.as_ref().map(|bound| bound.address);
    let mut router = ferrobase_rest::standalone(state.clone());
    let admin = match bound_admin {
        Some(bound) => {
            router = router.layer(from_fn(admin::count));
            Some(bound.serve(administration(state.clone(), address)?))
        }
        None => None,
    };
    let (ending, mut ended) = watch::channel(false);
    let task = tokio::spawn(ferrobase_rest::run_tasks(state.clone(), async move {
        let _ = ended.wait_for(|ended| *ended).await;
    }));
    Ok(DataApi {
        address,
        admin_address,
        state,
        listening: bound.serve(router),
        admin,
        ending,
        task,
    })
}

fn administration(state: State, main: SocketAddr) -> Result<Router, StartError> {
    let metrics = Metrics::install().map_err(|error| StartError::Metrics(error.to_string()))?;
    let admin = Admin { state, metrics, main };
    Ok(admin.router())
}

impl DataApi {
    /// Loads the settings in the database and the schema cache again; what is loaded serves until then.
    pub fn reload(&self) {
        self.state.reload();
    }

    /// Lets open requests end, then everything else.
    pub async fn stop(mut self) {
        self.listening.drain().await;
        self.ending.send_replace(true);
        let _ = self.task.await;
        if let Some(admin) = &mut self.admin {
            admin.drain().await;
        }
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

/// Where the data API listens, and where its administration does.
fn addresses(
    options: &DataApiOptions,
    environment: &Environment,
) -> Result<(SocketAddr, Option<SocketAddr>), StartError> {
    let given = |name| environment.text(name).map(|text| host(environment, name, text));
    // Both are asked for, so that neither is called unknown when the command line rules.
    let (main_host, admin_host) = (given("SERVER_HOST"), given("ADMIN_SERVER_HOST"));
    let main_port = environment.number("SERVER_PORT")?;
    let main_host = match options.host {
        Some(host) => host,
        None => main_host.transpose()?.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    };
    let main = SocketAddr::new(main_host, options.port.or(main_port).unwrap_or(PORT));
    let Some(port) = environment.number("ADMIN_SERVER_PORT")? else {
        return Ok((main, None));
    };
    if port == main.port() && port != 0 {
        let expected = "another port than that of the data API";
        return Err(environment.wrong("ADMIN_SERVER_PORT", expected).into());
    }
    let admin = SocketAddr::new(admin_host.transpose()?.unwrap_or(main_host), port);
    Ok((main, Some(admin)))
}

/// An address; PostgREST's names for "any" are understood.
fn host(environment: &Environment, name: &str, text: &str) -> Result<IpAddr, SettingError> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        "!4" | "*" | "*4" | "!6" | "*6" => Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        text => text.parse().map_err(|_| environment.wrong(name, "an IP address")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(
        options: &DataApiOptions,
        variables: &[(&str, &str)],
    ) -> Result<(SocketAddr, Option<SocketAddr>), StartError> {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        addresses(options, &Environment::new(owned))
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_administration_is_beside_the_data_api_unless_said_otherwise() {
        let none = DataApiOptions::default();
        let flags = DataApiOptions {
            host: Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))),
            port: Some(80),
            ..DataApiOptions::default()
        };
        assert_eq!(found(&none, &[]).unwrap(), (address("127.0.0.1:3000"), None));
        let mut variables = vec![
            ("PGRST_SERVER_HOST", "!4"),
            ("PGRST_SERVER_PORT", "4000"),
            ("PGRST_ADMIN_SERVER_PORT", "3001"),
        ];
        assert_eq!(
            found(&none, &variables).unwrap(),
            (address("0.0.0.0:4000"), Some(address("0.0.0.0:3001")))
        );
        assert_eq!(
            found(&flags, &variables).unwrap(),
            (address("10.0.0.1:80"), Some(address("10.0.0.1:3001")))
        );
        variables.push(("PGRST_ADMIN_SERVER_HOST", "::1"));
        assert_eq!(
            found(&none, &variables).unwrap(),
            (address("0.0.0.0:4000"), Some(address("[::1]:3001")))
        );
    }

    #[test]
    fn addresses_that_cannot_be_are_named() {
        let none = DataApiOptions::default();
        for (variable, value) in [
            ("PGRST_ADMIN_SERVER_PORT", "3000"),
            ("PGRST_ADMIN_SERVER_PORT", "many"),
            ("PGRST_SERVER_HOST", "example.com"),
        ] {
            let error = found(&none, &[(variable, value)]).unwrap_err();
            assert!(error.to_string().starts_with(variable), "{error}");
        }
    }
}
