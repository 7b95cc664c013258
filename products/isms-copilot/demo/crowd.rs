//! Small accounts: everybody beyond the four named people.
//!
//! They come in turns: a personal plan by the month, none, a personal plan by the year that was
//! cancelled, a personal plan in arrears. All share one password, `Small-account-2026`.

use anyhow::Result;

use super::book::{Book, cell, maybe, text};
use super::moment::Moment;
use super::owners::Whose;
use super::prose::Prose;
use super::random::{Random, id_of};
use super::small_threads;

const PASSWORD_HASH: &str = "$argon2id$v=19$m=8192,t=2,p=1$ZGVtby1zYWx0LXNtYWxs$zkezDlW/pfr5PLVl3RQxFj0DjilfGgo/3dGr4tDdQMU";
const GIVEN_NAMES: [&str; 8] = [
    "Siobhán", "José", "Łucja", "Björn", "Priya", "Nguyễn", "Anaïs", "Dmitri",
];
const FAMILY_NAMES: [&str; 7] = [
    "O'Brien",
    "Peña",
    "Żukowska",
    "Åström",
    "Raman",
    "d'Arcy",
    "van der Meer",
];
const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

/// One of them.
#[derive(Debug)]
pub struct Member {
    /// Which one: 1 is the fifth account of the demo.
    pub number: u32,
    /// The account's id.
    pub id: String,
    /// The address.
    pub email: String,
    /// When the account was made.
    pub since: Moment,
    /// What is drawn by lot for this person.
    pub random: Random,
}

/// The address of one of them.
pub fn email_of(number: u32) -> String {
    // The apostrophe belongs to the address: whoever builds SQL from text stumbles over it.
    let family = if number % 7 == 1 { "o'brien" } else { "member" };
    format!("{family}.{number}@crowd.example")
}

/// Inserts so many accounts.
pub fn insert_crowd(
    book: &mut Book,
    prose: &Prose,
    count: u32,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<()> {
    for number in 1..=count {
        let mut member = Member::new(number)?;
        member.insert_account(book)?;
        member.insert_subscription(book)?;
        small_threads::insert(book, prose, &mut member)?;
        progress("people", u64::from(number), u64::from(count));
    }
    Ok(())
}

impl Member {
    fn new(number: u32) -> Result<Self> {
        let mut random = Random::seeded(&format!("member/{number}"));
        let since = Moment::parse("2026-01-05T08:00:00Z")?
            .plus_millis(i64::try_from(random.below(200 * 86_400_000))?);
        Ok(Self {
            number,
            id: id_of(&format!("user/member-{number}")),
            email: email_of(number),
            since,
            random,
        })
    }

    /// Whose everything of this person is.
    pub fn whose(&self) -> Whose {
        Whose::only(&self.email)
    }

    fn insert_account(&mut self, book: &mut Book) -> Result<()> {
        let name = format!(
            "{} {}",
            self.random.pick(&GIVEN_NAMES),
            FAMILY_NAMES[(self.number as usize + 6) % FAMILY_NAMES.len()]
        );
        // A closed account that the nightly clean-up has not reached.
        let closed = self
            .number
            .is_multiple_of(9)
            .then(|| self.since.plus_days(120));
        let row = [
            text("id", &self.id),
            text("email", &self.email),
            text("email_confirmed_at", self.since.plus_millis(95_000)),
            text("display_name", name),
            text("password_hash", PASSWORD_HASH),
            text("auth_providers", r#"["email"]"#),
            cell("is_active", closed.is_none()),
            text("terms_accepted_at", self.since),
            text("dpa_accepted_at", self.since),
            text("last_login_at", self.since.plus_days(90)),
            text("unsubscribe_token", self.random.hex(32)),
            text("created_at", self.since),
            text("updated_at", closed.unwrap_or(self.since.plus_days(90))),
            maybe("deleted_at", closed),
        ];
        book.insert("users", &row, &self.whose())?;
        self.insert_settings(book)?;
        self.insert_sign_in(book)
    }

    fn insert_settings(&mut self, book: &mut Book) -> Result<()> {
        let detects = self.number.is_multiple_of(3);
        let row = [
            text("user_id", &self.id),
            text("language", self.random.pick(&LANGUAGES)),
            text("time_zone", "Europe/Paris"),
            text("default_persona", "default"),
            cell("advanced_data_protection", self.number.is_multiple_of(5)),
            text("retention_mode", "forever"),
            cell("memory_general_detection", detects),
            cell("memory_general_injection", true),
            cell("memory_workspace_detection", detects),
            cell("memory_workspace_injection", true),
            cell("product_email_opt_in", self.number.is_multiple_of(2)),
            text(
                "preferences",
                r#"{"theme":"system","density":"comfortable"}"#,
            ),
            text("updated_at", self.since),
        ];
        book.insert("user_settings", &row, &self.whose())?;
        for kind in ["dpa", "terms"] {
            let row = [
                text("user_id", &self.id),
                text("kind", kind),
                text("version", "2025-01"),
                cell("granted", true),
                text("decided_at", self.since),
            ];
            book.insert("consents", &row, &self.whose())?;
        }
        Ok(())
    }

    fn insert_sign_in(&self, book: &mut Book) -> Result<()> {
        let row = [
            cell("id", 1_000 + i64::from(self.number)),
            text("user_id", &self.id),
            cell("happened_at", self.since.plus_days(90).seconds()),
            text("method", "email"),
            cell("succeeded", true),
            text("ip_address", format!("198.51.100.{}", self.number % 250)),
        ];
        book.insert("sign_ins", &row, &self.whose())
    }

    fn insert_subscription(&mut self, book: &mut Book) -> Result<()> {
        let (plan, status, interval, price) = match self.number % 4 {
            1 => ("plus", "active", "month", 2_000_i64),
            2 => return Ok(()),
            3 => ("pro_unlimited", "active", "year", 100_000),
            _ => ("plus", "past_due", "month", 2_000),
        };
        let canceled = (interval == "year").then(|| self.since.plus_days(60));
        let (start, days) = match interval {
            "year" => (self.since, 365),
            _ => (Moment::parse("2026-11-04T09:00:00Z")?, 30),
        };
        let row = [
            text("id", id_of(&format!("subscription/member-{}", self.number))),
            text("user_id", &self.id),
            text("plan", plan),
            text("status", status),
            text("billing_provider", "stripe"),
            text("billing_interval", interval),
            cell("unit_amount_minor", price),
            text("currency", "USD"),
            cell("price_locked", true),
            cell("seats", 1_i64),
            text("credits", r#"{"limit_per_session":50,"window_hours":4}"#),
            text("current_period_start", start),
            text("current_period_end", start.plus_days(days)),
            cell("cancel_at_period_end", canceled.is_some()),
            maybe("canceled_at", canceled),
            text("stripe_subscription_id", self.random.hex(24)),
            text("created_at", self.since),
            text("updated_at", canceled.unwrap_or(self.since)),
        ];
        book.insert("subscriptions", &row, &self.whose())
    }
}
