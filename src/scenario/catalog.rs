//! The scenarios that the binary carries.

use std::sync::Arc;

use super::lesson::Course;
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
    use std::collections::HashSet;

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
