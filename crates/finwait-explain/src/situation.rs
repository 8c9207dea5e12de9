//! Situations: what happened in the field, beside the rules, which say what the kernel did. One table; its words are in
//! `assets/explain/situations.toml`.

use serde::Serialize;

use super::text::situations::{situation_doc, situation_words};

/// The words of a situation, as `situations.toml` has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SituationWords {
    /// What happened, in one clause.
    pub title: &'static str,
}

/// A situation of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Situation {
    /// The name, for the program.
    pub id: SituationId,
    /// What happened, in one clause.
    pub title: &'static str,
}

macro_rules! situations {
    ($($variant:ident $name:tt;)*) => {
        /// The name of a situation; the names stand in JSON and do not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum SituationId {
            $(
                #[doc = situation_doc!($name)]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl SituationId {
            /// The name: `keep-alive-race`.
            pub const fn name(self) -> &'static str {
                match self { $(SituationId::$variant => $name),* }
            }
        }

        /// All situations, in the order of their ids.
        pub const SITUATIONS: &[Situation] = &[$(Situation {
            id: SituationId::$variant,
            title: situation_words!($name).title,
        }),*];
    };
}

situations! {
    KeepAliveRace "keep-alive-race";
    UnreadDataAtClose "unread-data-at-close";
    IdleConnectionForgotten "idle-connection-forgotten";
    AcceptQueueFull "accept-queue-full";
    StaleCloseWaitBehindAFirewall "stale-close-wait-behind-a-firewall";
    RejectedByAFirewall "rejected-by-a-firewall";
    DroppedByAFirewall "dropped-by-a-firewall";
    HealthCheckThatResets "health-check-that-resets";
    SigpipeInAPipeline "sigpipe-in-a-pipeline";
    SuspendedMobileApp "suspended-mobile-app";
    ClientWentAway "client-went-away";
    ServerWentAway "server-went-away";
    NobodyListens "nobody-listens";
    ListensElsewhere "listens-elsewhere";
    AddressInUse "address-in-use";
    LocalPortsExhausted "local-ports-exhausted";
    OwnTimeout "own-timeout";
    TlsWithoutCloseNotify "tls-without-close-notify";
    PathMtuBlackHole "path-mtu-black-hole";
    AddressWithoutAZone "address-without-a-zone";
}
