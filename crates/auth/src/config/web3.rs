//! Sign-in with a wallet (auth.md 17.2).

use std::time::Duration;

use crate::model::web3::Chain;

/// Which chains' wallets sign in, and how far from its issue a message is good.
#[derive(Debug, Clone, Copy, Default)]
pub struct Web3Config {
    /// Off when `None`.
    pub solana: Option<Duration>,
    /// Off when `None`.
    pub ethereum: Option<Duration>,
}

impl Web3Config {
    /// How long messages of this chain are good, if it is on.
    pub const fn validity(&self, chain: Chain) -> Option<Duration> {
        match chain {
            Chain::Solana => self.solana,
            Chain::Ethereum => self.ethereum,
        }
    }
}
