//! The scenarios that the binary carries.

use std::borrow::Cow;
use std::sync::Arc;

use super::lesson::{Course, Lesson, Level, Shelf, SideBySide, Topic};
use super::mistake::Mistake;
use super::returns::Returns;
use super::{Group, Scenario, file};
use crate::command::spec::Verb;
use crate::command::table::named;
use crate::explain::rules::CallClass;

/// A scenario that the binary carries: its file, and what lists and answers show of it, found when the program was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, for `finwait run`: the file's, without folders and `.toml`.
    pub name: &'static str,
    /// The file's path in the repository.
    pub path: &'static str,
    /// The file's text.
    pub text: &'static str,
    /// The title.
    pub title: &'static str,
    /// The part of the catalog that it belongs to.
    pub group: Group,
    /// The place among the lessons.
    pub lesson: Option<Lesson>,
    /// The family that it is for: IPv6 alone, or IPv4 alone; none where it is for both.
    pub ipv6: Option<bool>,
    /// Whether it tries a claim of the article.
    pub claims: bool,
    /// The programs that it runs, which must be installed.
    pub programs: &'static [&'static str],
    /// The outcomes that its calls are expected to have, in the order of the steps.
    pub outcomes: &'static [ExpectedOutcome],
}

/// The expected outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedOutcome {
    /// The word of the call's command; none of a call that an earlier step made.
    pub of: Option<&'static str>,
    /// The outcome, as [`Returns`] reads it.
    pub is: &'static str,
}

/// All of them, in the order of the paths.
pub const ENTRIES: &[Entry] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

impl Entry {
    /// Reads the scenario.
    ///
    /// # Errors
    ///
    /// The mistakes of its file.
    pub fn read(&self) -> Result<Scenario, Vec<Mistake>> {
        file::read(self.path, self.text)
    }

    /// Returns the programs that it runs, to stand behind its title: ` (runs curl, python3)`; nothing where it runs none.
    pub fn runs(&self) -> String {
        match self.programs {
            [] => String::new(),
            programs => format!(" (runs {})", programs.join(", ")),
        }
    }

    /// Does a step expect that outcome, of that call where one is wanted?
    pub fn expects(&self, outcome: &Returns, call: Option<CallClass>) -> bool {
        let wanted = outcome.to_string();
        let fits = |of: Option<&str>| call.is_none() || of.and_then(class_of) == call;
        self.outcomes
            .iter()
            .any(|expected| expected.is == wanted && fits(expected.of))
    }
}

/// The class of the call that a command makes, by the command's word.
fn class_of(word: &str) -> Option<CallClass> {
    match named(word)?.verb {
        Verb::End(verb) => CallClass::of(verb.kind()?),
        Verb::Wire(_) | Verb::Screen(_) => None,
    }
}

/// The one of that name.
pub fn entry(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// The file of the scenario of that name: its path and its text.
pub fn find(name: &str) -> Option<(&'static str, &'static str)> {
    entry(name).map(|entry| (entry.path, entry.text))
}

/// Returns the name of the scenario whose file that is within the binary; none of a file's path.
pub fn built_in(path: &str) -> Option<&'static str> {
    ENTRIES.iter().find(|entry| entry.path == path).map(|entry| entry.name)
}

/// Returns the path of a scenario's file; of one within the binary, of which there is no file, what prints it: `half-close (built in; finwait
/// show half-close)`.
pub fn shown(path: &str) -> Cow<'_, str> {
    match built_in(path) {
        Some(name) => format!("{name}{BUILT_IN} {name})").into(),
        None => path.into(),
    }
}

/// What stands behind a name where a path would be.
const BUILT_IN: &str = " (built in; finwait show";

/// Paths in JSON: as they are [`shown`], and read as what they were.
pub mod path {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes it as it is shown.
    ///
    /// # Errors
    ///
    /// The serializer's.
    pub fn serialize<S: Serializer>(path: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::shown(path))
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    ///
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let shown = String::deserialize(deserializer)?;
        let entry = shown
            .split_once(super::BUILT_IN)
            .and_then(|(name, _)| super::entry(name));
        Ok(entry.map_or(shown, |entry| entry.path.to_owned()))
    }
}

/// All of them, group by group.
pub fn by_group() -> Vec<&'static Entry> {
    let mut all: Vec<&Entry> = ENTRIES.iter().collect();
    all.sort_by_key(|entry| (entry.group, entry.name));
    all
}

/// All of them read, group by group.
///
/// # Errors
///
/// The mistakes of the first file that has some.
pub fn all() -> Result<Vec<Scenario>, Vec<Mistake>> {
    by_group().into_iter().map(Entry::read).collect()
}

/// Path and text of each lesson of two labs.
pub const SIDE_BY_SIDE: &[(&str, &str)] = &[(
    "lessons/half-close-beside-full-close.toml",
    include_str!("../../assets/lessons/half-close-beside-full-close.toml"),
)];

/// The lesson of two labs of that name; none when no file has that name.
///
/// # Errors
///
/// The mistakes of its file.
pub fn side_by_side(name: &str) -> Option<Result<SideBySide, Vec<Mistake>>> {
    let (path, text) = SIDE_BY_SIDE.iter().find(|(path, _)| file::name_of(path) == name)?;
    Some(file::beside::read(path, text))
}

/// The lessons: "Start here" in its order, then topic by topic, the easiest of each first.
///
/// # Errors
///
/// The mistakes of the first file that has some.
pub fn lessons() -> Result<Vec<Course>, Vec<Mistake>> {
    let mut all = Vec::new();
    for scenario in self::all()? {
        if let Some(lesson) = scenario.lesson {
            all.push(Course::Guided(Arc::new(scenario), lesson));
        }
    }
    for (path, text) in SIDE_BY_SIDE {
        all.push(Course::SideBySide(Arc::new(file::beside::read(path, text)?)));
    }
    all.sort_by(|a, b| order(a.lesson(), a.name()).cmp(&order(b.lesson(), b.name())));
    Ok(all)
}

/// A lesson that can be chosen, without its steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLesson {
    /// The name.
    pub name: String,
    /// The title.
    pub title: String,
    /// The place among the lessons.
    pub lesson: Lesson,
    /// The programs that it runs, as [`Entry::runs`] has them.
    pub runs: String,
}

/// The lessons as [`lessons`] has them, without their steps: only those of two labs are read.
///
/// # Errors
///
/// The mistakes of the first file that has some.
pub fn listed_lessons() -> Result<Vec<ListedLesson>, Vec<Mistake>> {
    let of_entry = |entry: &Entry| {
        let (name, title, runs) = (entry.name.to_owned(), entry.title.to_owned(), entry.runs());
        entry.lesson.map(|lesson| ListedLesson {
            name,
            title,
            lesson,
            runs,
        })
    };
    let mut all: Vec<ListedLesson> = ENTRIES.iter().filter_map(of_entry).collect();
    for (path, text) in SIDE_BY_SIDE {
        let SideBySide {
            name, title, lesson, ..
        } = file::beside::read(path, text)?;
        let runs = String::new();
        all.push(ListedLesson {
            name,
            title,
            lesson,
            runs,
        });
    }
    all.sort_by(|a, b| order(a.lesson, &a.name).cmp(&order(b.lesson, &b.name)));
    Ok(all)
}

/// The key that lessons are ordered by.
const fn order(lesson: Lesson, name: &str) -> (Shelf, Level, u8, &str) {
    (lesson.shelf, lesson.level, lesson.minutes, name)
}

/// The names that are near to `name`, the nearest first.
pub fn nearest(name: &str) -> Vec<String> {
    let names: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
    crate::command::nearest(name, &names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallKind;
    use crate::command::Command;
    use crate::errno::Errno;
    use crate::scenario::expect::Expected;
    use std::collections::HashSet;

    /// The words that are read in a lesson, and the presses.
    fn length(course: &Course) -> (f64, f64) {
        let said = course.scenarios().into_iter().flat_map(|scenario| &scenario.steps);
        let words = said
            .flat_map(|step| step.say.iter().chain(&step.look))
            .map(|said| said.split(' ').count());
        (words.sum::<usize>() as f64, course.steps() as f64)
    }

    #[test]
    fn every_scenario_is_a_lesson_that_takes_as_long_as_it_is() {
        let lessons = lessons().unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
        assert_eq!(
            lessons.len(),
            ENTRIES.len() + SIDE_BY_SIDE.len(),
            "a scenario says no lesson"
        );
        for course in &lessons {
            let (words, steps) = length(course);
            let minutes = f64::from(course.lesson().minutes);
            // 250 words a minute and 5 seconds a press, at the fastest; 60 and 45, at the slowest.
            let (least, most) = (words / 250.0 + steps / 12.0, words / 60.0 + steps * 0.75 + 1.0);
            assert!(
                (least..=most).contains(&minutes),
                "{}: {minutes} min for {words} words and {steps} steps",
                course.name()
            );
        }
        for topic in super::super::lesson::Topic::ALL {
            let shelf = super::super::lesson::Shelf::Under(topic);
            let of_it = lessons.iter().filter(|course| course.lesson().shelf == shelf);
            assert!(of_it.count() >= 2, "{}", topic.name());
        }
    }

    #[test]
    fn the_list_of_lessons_has_each_in_its_place() {
        let read = lessons().unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
        let read = read.iter().map(|course| ListedLesson {
            name: course.name().to_owned(),
            title: course.title().to_owned(),
            lesson: course.lesson(),
            runs: course.runs(),
        });
        assert_eq!(listed_lessons().unwrap(), read.collect::<Vec<_>>());
    }

    #[test]
    fn start_here_leads_from_the_handshake_to_two_labs() {
        use super::super::lesson::{Level, Shelf};
        let lessons = lessons().unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
        let starts = lessons.iter().filter_map(|course| match course.lesson().shelf {
            Shelf::Start(place) => Some((place, course.name(), course.lesson().level)),
            Shelf::Under(_) => None,
        });
        let wanted = [
            "handshake",
            "full-close",
            "half-close",
            "linger-zero",
            "close-wait-leak",
            "half-close-beside-full-close",
        ];
        let wanted: Vec<_> = (1..)
            .zip(wanted)
            .map(|(place, name)| (place, name, Level::Beginner))
            .collect();
        assert_eq!(starts.collect::<Vec<_>>(), wanted);
        // A beginner is told at every step what will happen, and then where to look.
        for course in &lessons[..wanted.len()] {
            let mut announced = match course {
                Course::Guided(scenario, _) => scenario.steps.iter().map(|step| step.say.is_some()).collect(),
                Course::SideBySide(_) => Vec::new(),
            };
            let steps = course.scenarios().into_iter().flat_map(|scenario| &scenario.steps);
            // What does nothing has nothing to look at.
            announced
                .extend(steps.map(|step| step.look.is_some() || step.action.is_none() && step.expected.is_empty()));
            assert!(announced.into_iter().all(|is| is), "{}", course.name());
        }
    }

    /// A state that a step leads to, and what its call returns, are for its `look`: the user may be asked to predict them.
    #[test]
    fn what_is_said_before_a_step_of_start_here_does_not_tell_how_it_ends() {
        let lessons = lessons().unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
        let starts = lessons
            .iter()
            .filter(|course| matches!(course.lesson().shelf, Shelf::Start(_)));
        let mut told = 0;
        for course in starts {
            for scenario in course.scenarios() {
                for (nth, step) in scenario.steps.iter().enumerate() {
                    let of_both = match course {
                        Course::SideBySide(both) => Some(&both.words[nth].say),
                        Course::Guided(..) => None,
                    };
                    let Some(say) = of_both.or(step.say.as_ref()) else {
                        continue;
                    };
                    let ends = step.expected.iter().flat_map(|expected| match &expected.what {
                        Expected::State(_, stands) => {
                            stands.state.map(|state| state.name().to_owned()).into_iter().collect()
                        }
                        Expected::Queued(states) => states.iter().map(|state| state.name().to_owned()).collect(),
                        Expected::Returns(returns @ (Returns::Errno(_) | Returns::Eof)) => vec![returns.to_string()],
                        _ => Vec::new(),
                    });
                    for end in ends {
                        let mut words = say.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                        assert!(!words.any(|word| word == end), "{} {}: {say}", course.name(), nth + 1);
                        told += 1;
                    }
                    assert!(!say.contains("Look"), "{} {}: {say}", course.name(), nth + 1);
                }
            }
        }
        assert!(told > 50, "{told}");
    }

    #[test]
    fn every_file_of_the_catalog_is_a_scenario_of_its_folders_group_with_a_name_of_its_own() {
        let mut names = HashSet::new();
        for entry in ENTRIES {
            let path = entry.path;
            let scenario = entry.read().unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
            assert!(names.insert(scenario.name.clone()), "{path}: two have this name");
            let folder = path.rsplit('/').nth(1).unwrap();
            assert_eq!(scenario.group.name(), folder, "{path}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(scenario.name.chars().all(plain), "{path}: names are in kebab-case");
        }
    }

    /// Does a step of the scenario expect it, of that call where one is wanted?
    fn expects(scenario: &Scenario, outcome: &Returns, call: Option<CallClass>) -> bool {
        scenario.steps.iter().any(|step| {
            let made = match step.action.as_ref().map(|action| &action.command) {
                Some(Command::End(_, command)) => command.kind().and_then(CallClass::of),
                Some(Command::Wire(_) | Command::Screen(_) | Command::Write(_)) | None => None,
            };
            step.expected.iter().any(|expectation| match &expectation.what {
                Expected::Returns(returns) => returns == outcome && (call.is_none() || call == made),
                Expected::Later(_, returns) => returns == outcome && call.is_none(),
                _ => false,
            })
        })
    }

    #[test]
    fn the_index_says_of_each_scenario_what_its_file_says() {
        let outcomes = Errno::NAMED.iter().map(|(errno, _)| Returns::Errno(*errno));
        let outcomes: Vec<Returns> = outcomes.chain([Returns::Eof, Returns::DeadlineExceeded]).collect();
        let calls = CallKind::ALL.iter().map(|kind| CallClass::of(*kind));
        let calls: Vec<Option<CallClass>> = calls.filter(Option::is_some).chain([None]).collect();
        let mut expected = 0;
        for entry in ENTRIES {
            let read = entry.read().unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
            let of_index = (
                entry.name,
                entry.title,
                entry.group,
                entry.lesson,
                entry.ipv6,
                entry.claims,
            );
            let of_file = (
                read.name.as_str(),
                read.title.as_str(),
                read.group,
                read.lesson,
                read.ipv6,
                read.claim.is_some(),
            );
            assert_eq!(of_index, of_file);
            assert_eq!(entry.programs, read.needed, "{}: needs.program", entry.name);
            let mut ran = read.commands().into_iter();
            assert!(
                ran.all(|(_, run)| entry.programs.contains(&crate::command::programs::command_of(run))),
                "{} needs what it runs",
                entry.name
            );
            for outcome in &outcomes {
                for call in &calls {
                    let of_file = expects(&read, outcome, *call);
                    assert_eq!(
                        entry.expects(outcome, *call),
                        of_file,
                        "{}: {outcome} of {call:?}",
                        entry.name
                    );
                    expected += u32::from(of_file);
                }
            }
        }
        assert!(expected > 200, "{expected}");
    }
}
