//! Long conversations out of ready-made sentences, for the accounts that nobody reads.
//!
//! About nine in a hundred messages are in Japanese, Russian or Arabic; lists, code, quotation marks
//! and emoji are mixed in as people do.

use super::random::Random;

const TEXT: &str = include_str!("prose.txt");
const SCRIPTS: [&str; 3] = ["ja", "ru", "ar"];

/// The sentences, by kind.
#[derive(Debug)]
pub struct Prose {
    english: Vec<&'static str>,
    others: Vec<Vec<&'static str>>,
    quotes: Vec<&'static str>,
    emoji: Vec<&'static str>,
    code: Vec<&'static str>,
}

impl Prose {
    /// Reads the sentences.
    pub fn read() -> Self {
        Self {
            english: lines("en"),
            others: SCRIPTS.into_iter().map(lines).collect(),
            quotes: lines("quote"),
            emoji: lines("emoji"),
            code: blocks("code"),
        }
    }

    /// A question: 150 to 900 bytes.
    pub fn question(&self, random: &mut Random) -> String {
        let length = 150 + random.below(750);
        self.message(random, length)
    }

    /// An answer: 900 to 2,850 bytes, so that a question and its answer take 2.4 KB together.
    pub fn answer(&self, random: &mut Random) -> String {
        let length = 900 + random.below(1950);
        self.message(random, length)
    }

    /// A title.
    pub fn title(&self, random: &mut Random) -> String {
        let sentence = random.pick(&self.english);
        let words: Vec<&str> = sentence.split(' ').take(7).collect();
        words.join(" ").trim_end_matches([',', ';', ':']).to_owned()
    }

    /// One sentence, as a memory keeps it.
    pub fn sentence(&self, random: &mut Random) -> &'static str {
        random.pick(&self.english)
    }

    /// Sentences up to a length in bytes; the last one may go a little over it.
    fn message(&self, random: &mut Random, length: u64) -> String {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let script = random.below(100);
        let sentences = match script {
            0..9 => &self.others[usize::try_from(script % 3).unwrap_or(0)],
            _ => &self.english,
        };
        let mut text = String::with_capacity(length + 200);
        while text.len() + 60 < length {
            match random.below(20) {
                0 | 1 => start_block(&mut text, random.pick(&self.code)),
                2 | 3 => start_block(&mut text, random.pick(&self.quotes)),
                4 => append(&mut text, random.pick(&self.emoji)),
                5..11 => start_block(&mut text, &format!("- **{}**", random.pick(sentences))),
                11..16 => start_block(&mut text, random.pick(sentences)),
                _ => append(&mut text, random.pick(sentences)),
            }
        }
        if text.is_empty() {
            text.push_str(random.pick(sentences));
        }
        text
    }
}

/// Goes on in the same paragraph.
fn append(text: &mut String, sentence: &str) {
    if !text.is_empty() && !text.ends_with("```") {
        text.push(' ');
    } else if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(sentence);
}

/// Starts a paragraph.
fn start_block(text: &mut String, block: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(block);
}

fn section(kind: &str) -> &'static str {
    let mut sections = TEXT
        .split("# ")
        .filter_map(|section| section.split_once('\n'));
    sections
        .find(|(name, _)| *name == kind)
        .map_or("", |(_, body)| body)
}

fn lines(kind: &str) -> Vec<&'static str> {
    section(kind).lines().collect()
}

/// Blocks of code, each from fence to fence.
fn blocks(kind: &str) -> Vec<&'static str> {
    section(kind)
        .split_inclusive("\n```\n")
        .map(str::trim_end)
        .collect()
}
