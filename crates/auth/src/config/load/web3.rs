//! `[auth.web3.solana]` and `[auth.web3.ethereum]`.

use std::time::Duration;

use ferrobase_config::Section;

use super::{Result, wrong};
use crate::config::Web3Config;
use crate::model::web3::Chain;

/// Longest life of a message; it is remembered as long.
const LONGEST: Duration = Duration::from_secs(86_400);

pub(super) fn load(auth: &Section<'_>) -> Result<Web3Config> {
    Ok(Web3Config {
        solana: chain(auth, Chain::Solana)?,
        ethereum: chain(auth, Chain::Ethereum)?,
    })
}

fn chain(auth: &Section<'_>, chain: Chain) -> Result<Option<Duration>> {
    let web3 = auth.section("web3");
    let section = web3.section(chain.as_str());
    let prefix = format!("GOTRUE_EXTERNAL_WEB3_{}", chain.as_str().to_ascii_uppercase());
    let is_on = section
        .get("enabled")
        .or_env(&format!("{prefix}_ENABLED"))
        .bool_or(false)?;
    let variable = format!("{prefix}_MAXIMUM_VALIDITY_DURATION");
    let validity = section
        .get("maximum_validity_duration")
        .or_env(&variable)
        .duration_or(Duration::from_secs(600))?;
    if validity.is_zero() || validity > LONGEST {
        let expected = "a duration above zero, at most 24h";
        return Err(wrong(&section, "maximum_validity_duration", &variable, expected));
    }
    Ok(is_on.then_some(validity))
}
