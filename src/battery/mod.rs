//! Batteries: the same situations, one after the other, with a program of the user's own in the middle of each, and a verdict in a word.
//!
//! A case is a scenario whose command is left open (`assets/batteries/`): filled in, it is a file that `finwait run` takes. Its expectations
//! are what a program does that takes nothing away; the verdict is read off what its named steps returned, whether that was expected or not.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::host::Port;
use crate::scenario::{Scenario, file};

mod http_client;
mod observed;
pub mod page;
pub mod print;
mod proxy;

pub use observed::Observed;

/// A collection of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Battery {
    /// The program is a proxy between the client and a backend.
    Proxy,
    /// The program is an HTTP client.
    HttpClient,
}

/// A situation.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The name.
    pub name: &'static str,
    /// The heading of its column in a table.
    pub short: &'static str,
    /// The scenario, with `{command}`, `{listen}`, `{backend}` and `{url}` left open.
    text: &'static str,
    /// Says what the program did, by the steps that the scenario names.
    judge: fn(&Observed<'_>) -> CaseVerdict,
}

impl PartialEq for Case {
    /// Within a battery a name is a case.
    fn eq(&self, other: &Case) -> bool {
        self.name == other.name
    }
}

impl Eq for Case {}

/// The program that is put into the cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The command line, as for `server run`.
    pub command: String,
    /// The port that a proxy listens at.
    pub listen: Port,
    /// The port of a proxy's backend.
    pub backend: Port,
}

/// The verdict on a case, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// What goes with the word: how long it took, how much it was, why it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

macro_rules! verdicts {
    ($($(#[$doc:meta])* $name:ident $words:literal $meaning:literal;)*) => {
        /// A verdict, in a word or two.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Verdict {
            $($(#[$doc])* $name,)*
        }

        impl Verdict {
            /// All of them.
            pub const ALL: &'static [Verdict] = &[$(Verdict::$name),*];

            /// The words in tables, which no two of them share.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Verdict::$name => $words,)*
                }
            }

            /// What the words stand for, in a line.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Verdict::$name => $meaning,)*
                }
            }
        }
    };
}

verdicts! {
    /// The end of the direction arrives at the other side as it was.
    PassedOn "passed on" "it arrives at the other side as what it was, and nothing else is lost";
    /// The other direction is cut.
    RestLost "rest lost" "it arrives, and what comes the other way afterwards does not";
    /// The end of the direction does not arrive.
    HeldBack "held back" "it does not arrive at the other side within 3 s";
    /// An RST arrives as FIN.
    AsFin "as FIN" "the other side sees an orderly end";
    /// A FIN arrives as RST.
    AsRst "as RST" "the other side sees a reset";
    /// Data is lost.
    DataLost "data lost" "not all of the data arrives";
    /// The program reads no more than it can pass on.
    Stops "stops" "it stops reading, and so does the sender";
    /// The program takes all.
    BuffersAll "buffers all" "it takes all that comes into its memory";
    /// The program ends the connection with FIN.
    Fin "FIN" "it ends the connection in an orderly way";
    /// The program ends the connection with RST.
    Rst "RST" "it resets the connection";
    /// The program writes something by itself.
    Answers "answers" "it writes an answer of its own";
    /// The program does nothing.
    Waits "waits" "it does nothing as long as the case lasts";
    /// The program sends the request again.
    AsksAgain "asks again" "it sends the same request on a new connection, unasked";
    /// The program reports an error.
    Fails "fails" "it reports an error and sends nothing again";
    /// The program takes what it got for the whole answer.
    TakesIt "takes it" "it takes what came for a whole answer, without an error";
    /// The program neither ends nor asks.
    Hangs "hangs" "it neither ends nor asks within 10 s";
    /// The program has no connection to lose.
    NoReuse "no reuse" "it uses each connection for one request";
    /// The program sends the body unasked.
    SendsIt "sends it" "it sends the body after a time, without having been told to";
    /// The program did not ask.
    AsksNot "asks not" "it does not say Expect: 100-continue";
    /// The program gives up.
    GivesUp "gives up" "it ends the connection before the answer comes";
    /// The case did not come to its question.
    NotMeasured "not measured" "the case did not come to its question";
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

impl Verdict {
    /// Reads the words, or the same as JSON has them: `passed-on`.
    pub fn named(text: &str) -> Option<Verdict> {
        let same = |verdict: &&Verdict| verdict.tag() == text || verdict.words() == text;
        Verdict::ALL.iter().find(same).copied()
    }

    /// Returns the word of JSON and of the command line: `passed-on`.
    pub fn tag(self) -> String {
        self.words().to_lowercase().replace(' ', "-")
    }

    /// Returns the verdict alone.
    const fn plain(self) -> CaseVerdict {
        CaseVerdict {
            verdict: self,
            detail: None,
        }
    }

    /// Returns the verdict with what goes with it.
    fn with(self, detail: impl Into<String>) -> CaseVerdict {
        CaseVerdict {
            verdict: self,
            detail: Some(detail.into()),
        }
    }
}

impl fmt::Display for CaseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(why) if self.verdict == Verdict::NotMeasured => write!(f, "{}: {why}", self.verdict),
            Some(detail) => write!(f, "{} {detail}", self.verdict),
            None => self.verdict.fmt(f),
        }
    }
}

impl Battery {
    /// Both.
    pub const ALL: [Battery; 2] = [Battery::Proxy, Battery::HttpClient];

    /// The name, which is that of the verb.
    pub const fn name(self) -> &'static str {
        match self {
            Battery::Proxy => "proxy",
            Battery::HttpClient => "http-client",
        }
    }

    /// The cases, in the order in which they are shown.
    pub const fn cases(self) -> &'static [Case] {
        match self {
            Battery::Proxy => proxy::CASES,
            Battery::HttpClient => http_client::CASES,
        }
    }

    /// What stands at the server's end.
    const fn servers_name(self) -> &'static str {
        match self {
            Battery::Proxy => "backend",
            Battery::HttpClient => "server",
        }
    }

    /// Do the program's last words belong to that verdict? They may say why nothing was measured; else what a proxy writes is its log.
    const fn is_heard(self, verdict: Verdict) -> bool {
        match (self, verdict) {
            (_, Verdict::NotMeasured) => true,
            (Battery::Proxy, _) => false,
            (Battery::HttpClient, verdict) => matches!(verdict, Verdict::Fails | Verdict::GivesUp | Verdict::Hangs),
        }
    }

    /// Why no connection comes to the server's end.
    const fn unaccepted(self) -> &'static str {
        match self {
            Battery::Proxy => {
                "the proxy connects to no backend: finwait's server waits at the port of --backend, as 127.0.0.1 and as the name server"
            }
            Battery::HttpClient => {
                "the client does not connect to the server: {url} in its command stands for where that is"
            }
        }
    }

    /// The case of that name.
    pub fn case(self, name: &str) -> Option<&'static Case> {
        self.cases().iter().find(|case| case.name == name)
    }
}

impl Case {
    /// The scenario's file, with the program filled in.
    pub fn scenario(&self, subject: &Subject) -> String {
        let url = format!("http://server:{}/", subject.listen);
        let command = subject.command.replace("{url}", &url);
        let text = self.text.replace("{listen}", &subject.listen.to_string());
        let text = text.replace("{backend}", &subject.backend.to_string());
        // The command last: nothing in it is a placeholder of ours.
        text.replace("{url}", &url)
            .replace("{command}", &in_basic_string(&command))
    }

    /// The title, as its scenario has it.
    pub fn title(&self) -> &'static str {
        self.line("title   = ")
    }

    /// What it is about, in a sentence or two, as its scenario has it.
    pub fn summary(&self) -> &'static str {
        self.line("summary = ")
    }

    fn line(&self, key: &str) -> &'static str {
        let line = self.text.lines().find_map(|line| line.strip_prefix(key));
        line.map_or("", |line| line.trim_matches('"'))
    }

    /// The same, read.
    ///
    /// # Errors
    ///
    /// The command makes no scenario: one sentence.
    pub fn read(&self, subject: &Subject) -> Result<Scenario, String> {
        let path = format!("{}{}", self.name, file::SUFFIX);
        file::read(&path, &self.scenario(subject)).map_err(|mistakes| {
            let first = mistakes.first();
            first.map_or_else(String::new, ToString::to_string)
        })
    }

    /// Returns the verdict on a run of the scenario, which is one of that battery's.
    pub fn judge(&self, battery: Battery, seen: &Observed<'_>) -> CaseVerdict {
        match seen.not_measured(battery.unaccepted()) {
            Some(why) => Verdict::NotMeasured.with(why),
            None => (self.judge)(seen),
        }
    }
}

/// A text as it stands between the quotes of a basic string of TOML.
fn in_basic_string(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted
}

/// Puts words together as a command line that is split into the same words again; a single one is a command line already.
pub fn command_line(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%{}".contains(c);
    let quote = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    match words {
        [one] => one.clone(),
        words => words.iter().map(quote).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn subject(command: &str) -> Subject {
        Subject {
            command: command.into(),
            listen: Port(8080),
            backend: Port(9000),
        }
    }

    #[test]
    fn every_case_is_a_scenario_whatever_the_command() {
        for battery in Battery::ALL {
            for case in battery.cases() {
                for command in ["socat -t 10 A B", r#"sh -c 'echo "a\b" {url}'"#] {
                    let scenario = case.read(&subject(command)).unwrap();
                    assert_eq!(scenario.name, case.name);
                    assert_eq!(
                        (scenario.title.as_str(), scenario.summary.as_str()),
                        (case.title(), case.summary())
                    );
                    let command = command.replace("{url}", "http://server:8080/");
                    let runs = |step: &crate::scenario::Step| {
                        step.action
                            .as_ref()
                            .is_some_and(|action| action.text.ends_with(&command))
                    };
                    assert!(scenario.steps.iter().any(runs), "{}: {command}", case.name);
                }
            }
        }
    }

    #[test]
    fn no_two_verdicts_share_their_words_and_no_two_cases_their_name() {
        let words: BTreeSet<&str> = Verdict::ALL.iter().map(|verdict| verdict.words()).collect();
        assert_eq!(words.len(), Verdict::ALL.len());
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.tag());
            assert_eq!(Verdict::named(&verdict.tag()), Some(*verdict));
        }
        for battery in Battery::ALL {
            let names: BTreeSet<&str> = battery.cases().iter().map(|case| case.name).collect();
            assert_eq!(names.len(), battery.cases().len());
        }
    }

    #[test]
    fn words_are_put_together_as_a_shell_splits_them() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(command_line(&words(&["haproxy", "-f", "h.cfg"])), "haproxy -f h.cfg");
        assert_eq!(
            command_line(&words(&["ncat", "-c", "ncat a 1", "it's"])),
            r"ncat -c 'ncat a 1' 'it'\''s'"
        );
        assert_eq!(command_line(&words(&["socat A B"])), "socat A B");
    }
}
