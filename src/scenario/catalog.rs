//! The scenarios that the binary carries.

use std::sync::Arc;

use super::lesson::{Course, SideBySide};
use super::mistake::Mistake;
use super::{Scenario, file};

/// Path and text of each, in the order of the paths.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The file of the scenario of that name: its path and its text.
pub fn find(name: &str) -> Option<(&'static str, &'static str)> {
    FILES.iter().find(|(path, _)| file::name_of(path) == name).copied()
}

/// All of them, group by group.
///
/// # Errors
///
/// The mistakes of the first file that has some.
pub fn all() -> Result<Vec<Scenario>, Vec<Mistake>> {
    let mut all = Vec::new();
    for (path, text) in FILES {
        all.push(file::read(path, text)?);
    }
    all.sort_by(|a, b| (a.group, &a.name).cmp(&(b.group, &b.name)));
    Ok(all)
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
    all.sort_by(|a, b| {
        let key = |course: &Course| (course.lesson().shelf, course.lesson().level, course.lesson().minutes);
        (key(a), a.name()).cmp(&(key(b), b.name()))
    });
    Ok(all)
}

/// The names that are near to `name`, the nearest first.
pub fn nearest(name: &str) -> Vec<String> {
    let names: Vec<&str> = FILES.iter().map(|(path, _)| file::name_of(path)).collect();
    crate::command::nearest(name, &names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::expect::Expected;
    use crate::scenario::lesson::Shelf;
    use crate::scenario::returns::Returns;
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
            FILES.len() + SIDE_BY_SIDE.len(),
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
        for (path, text) in FILES {
            let scenario = file::read(path, text).unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
            assert!(names.insert(scenario.name.clone()), "{path}: two have this name");
            let folder = path.rsplit('/').nth(1).unwrap();
            assert_eq!(scenario.group.name(), folder, "{path}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(scenario.name.chars().all(plain), "{path}: names are in kebab-case");
        }
    }
}
