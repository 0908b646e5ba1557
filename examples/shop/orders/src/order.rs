use std::fmt;

use serde::{Deserialize, Serialize};

/// An order as a customer sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub customer: String,
    pub lines: Vec<OrderLine>,
}

/// Some pieces of one article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    pub article: String,
    pub pieces: u32,
    /// Price of one piece in cents.
    pub price: u64,
}

/// Why an order is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum OrderError {
    Empty,
    NoPieces { article: String },
    TooLarge,
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the order has no lines"),
            Self::NoPieces { article } => write!(f, "the line for `{article}` orders no pieces"),
            Self::TooLarge => write!(f, "the order's total is too large"),
        }
    }
}

impl std::error::Error for OrderError {}

impl Order {
    /// The total in cents.
    pub fn total(&self) -> Result<u64, OrderError> {
        if self.lines.is_empty() {
            return Err(OrderError::Empty);
        }
        self.lines.iter().try_fold(0_u64, |total, line| {
            if line.pieces == 0 {
                return Err(OrderError::NoPieces {
                    article: line.article.clone(),
                });
            }
            line.price
                .checked_mul(line.pieces.into())
                .and_then(|price| total.checked_add(price))
                .ok_or(OrderError::TooLarge)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(lines: &[(&str, u32, u64)]) -> Order {
        let lines = lines
            .iter()
            .map(|&(article, pieces, price)| OrderLine {
                article: article.into(),
                pieces,
                price,
            })
            .collect();
        Order {
            customer: "Ada".into(),
            lines,
        }
    }

    #[test]
    fn the_total_is_the_sum_of_all_lines() {
        assert_eq!(order(&[("tea", 2, 350), ("cup", 1, 900)]).total(), Ok(1600));
    }

    #[test]
    fn an_empty_order_is_refused() {
        assert_eq!(order(&[]).total(), Err(OrderError::Empty));
    }

    #[test]
    fn a_line_without_pieces_is_refused() {
        assert_eq!(
            order(&[("tea", 0, 350)]).total(),
            Err(OrderError::NoPieces {
                article: "tea".into()
            })
        );
    }

    #[test]
    fn a_total_beyond_all_money_is_refused() {
        assert_eq!(
            order(&[("island", 2, u64::MAX)]).total(),
            Err(OrderError::TooLarge)
        );
    }
}
