//! What stands around every page.

use super::assets;
use crate::product::Subject;

/// Which entry of the navigation is the page's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The person's workspaces.
    Home,
    /// Settings > General.
    General,
    /// Settings > Data Protection.
    DataProtection,
    /// Sign-in and errors.
    Elsewhere,
}

/// The frame of a page.
#[derive(Debug)]
pub struct Layout {
    /// The page's own title.
    pub title: &'static str,
    /// The product's name.
    pub product: String,
    /// Who is signed in.
    pub person: Option<PersonView>,
    /// Where in the navigation.
    pub place: Place,
    /// Address of the style, new whenever it changes.
    pub style: String,
    /// Address of the script.
    pub script: String,
    /// Address of the icon.
    pub icon: String,
}

/// A person, as the user menu shows them.
#[derive(Debug)]
pub struct PersonView {
    /// Name, or whatever is known.
    pub name: String,
    /// Address, when it is not what stands as the name already.
    pub email: Option<String>,
    /// One or two letters.
    pub initials: String,
}

impl Layout {
    /// The frame of a page that only this person sees.
    pub fn of(title: &'static str, place: Place, product: &str, subject: &Subject) -> Layout {
        let person = Some(PersonView::of(subject));
        Layout {
            person,
            place,
            ..Layout::anonymous(title, product)
        }
    }

    /// The frame of a page for anybody.
    pub fn anonymous(title: &'static str, product: &str) -> Layout {
        Layout {
            title,
            product: product.to_owned(),
            person: None,
            place: Place::Elsewhere,
            style: assets::address("app.css"),
            script: assets::address("app.js"),
            icon: assets::address("icon.svg"),
        }
    }

    /// Whether this entry of the navigation is the page's own.
    pub fn is_at(&self, place: Place) -> bool {
        self.place == place
    }
}

impl PersonView {
    fn of(subject: &Subject) -> PersonView {
        let named = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (name, email) = (named(&subject.name), named(&subject.email));
        let shown = name
            .clone()
            .or_else(|| email.clone())
            .unwrap_or_else(|| subject.key.0.clone());
        // What stands in brackets is the same name in other letters.
        let own = shown.split_once('(').map_or(&*shown, |(own, _)| own);
        let mut words = own
            .split_whitespace()
            .filter_map(|word| word.chars().next());
        let initials: String = words.next().into_iter().chain(words.next_back()).collect();
        PersonView {
            initials: initials.to_uppercase(),
            email: email.filter(|_| name.is_some()),
            name: shown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::SubjectKey;

    #[test]
    fn initials_are_the_first_and_the_last_name_s_whatever_is_known() {
        let view = |name: Option<&str>, email: Option<&str>| {
            PersonView::of(&Subject {
                key: SubjectKey("42".to_owned()),
                email: email.map(str::to_owned),
                name: name.map(str::to_owned),
                active: true,
            })
        };
        let full = view(Some("Élodie van der Meer"), Some("e@example.com"));
        assert_eq!(
            (full.initials.as_str(), full.email.as_deref()),
            ("ÉM", Some("e@example.com"))
        );
        let address = view(Some("  "), Some("e@example.com"));
        assert_eq!(
            (address.name.as_str(), address.email),
            ("e@example.com", None)
        );
        assert_eq!(
            view(Some("渡辺 健司 (Kenji Watanabe)"), None).initials,
            "渡健"
        );
        assert_eq!(view(None, None).initials, "4");
    }
}
