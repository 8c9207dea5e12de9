//! The page of a scenario that could not run: why, and what it would have done.

use super::paper::{self, Own, text};
use crate::scenario::Scenario;

/// Returns the page.
pub fn write(scenario: &Scenario, why: &str) -> String {
    let mut main = format!(
        "<h1>{}</h1>\n<p class=\"unmeasured\"><strong>Not measured.</strong> It could not run where this book was made: {}.</p>\n<p>{}</p>\n",
        text(&scenario.title),
        text(why),
        text(&scenario.summary)
    );
    main.push_str("<h2>Its steps</h2>\n<ol class=\"steps\">\n");
    for step in &scenario.steps {
        main.push_str("<li>");
        if let Some(say) = &step.say {
            main.push_str(&format!("{} ", text(say)));
        }
        if let Some(action) = &step.action {
            main.push_str(&format!("<code>{}</code>", text(&action.text)));
        }
        main.push_str("</li>\n");
    }
    main.push_str("</ol>\n");
    paper::page(Own::Other, &scenario.title, &main)
}
