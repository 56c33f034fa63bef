// Types of the database, written by `ferrobase gen types --lang rust`: changes are lost.
// The crates `serde` (with its feature `derive`) and `serde_json` are needed.

/// Schema `public`.
#[allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    clippy::all,
    clippy::pedantic
)]
pub mod public {
    use serde::{Deserialize, Serialize};

    /// A row of table `cities`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct CitiesRow {
        pub country_id: i32,
        pub id: i32,
        pub name: Option<String>,
        pub population: Option<i64>,
    }

    /// What an insert into `cities` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct CitiesInsert {
        pub country_id: i32,
        pub id: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub population: Option<Option<i64>>,
    }

    /// What an update of `cities` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct CitiesUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub country_id: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub population: Option<Option<i64>>,
    }

    /// A row of view `city_names`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct CityNamesRow {
        pub country_id: Option<i32>,
        pub id: Option<i32>,
        pub name: Option<String>,
    }

    /// What an insert into `city_names` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct CityNamesInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub country_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<Option<String>>,
    }

    /// What an update of `city_names` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct CityNamesUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub country_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<Option<String>>,
    }

    /// A row of table `countries`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct CountriesRow {
        pub id: i32,
        pub name: String,
    }

    /// What an insert into `countries` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct CountriesInsert {
        pub id: i32,
        pub name: String,
    }

    /// What an update of `countries` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct CountriesUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
    }

    /// What function `of_shop` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OfShopArgs {
        pub c: super::shop::ProfilesRow,
    }

    /// What function `of_shop` returns.
    pub type OfShopReturns = i32;
}

/// Schema `shop`.
#[allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    clippy::all,
    clippy::pedantic
)]
pub mod shop {
    use serde::{Deserialize, Serialize};

    /// Composite type `address`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Address {
        pub street: Option<String>,
        pub city: Option<String>,
        pub moods: Option<Vec<Mood>>,
        pub inner_secret: Option<String>,
    }

    /// Enum `mood`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum Mood {
        #[serde(rename = "happy")]
        Happy,
        #[serde(rename = "so so")]
        SoSo,
        #[serde(rename = "it's \"bad\"")]
        ItSBad,
    }

    /// Enum `only-one`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum OnlyOne {
        #[serde(rename = "single")]
        Single,
    }

    /// Enum `status`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum Status {
        #[serde(rename = "waiting for confirmation")]
        WaitingForConfirmation,
        #[serde(rename = "confirmed by the customer")]
        ConfirmedByTheCustomer,
        #[serde(rename = "sent")]
        Sent,
        #[serde(rename = "returned")]
        Returned,
    }

    /// A row of table `child_of_customers`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ChildOfCustomersRow {
        pub by_default: i32,
        pub customer_id: i64,
        pub nickname: Option<String>,
        pub serial_number: i32,
    }

    /// What an insert into `child_of_customers` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ChildOfCustomersInsert {
        pub by_default: i32,
        pub customer_id: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nickname: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub serial_number: Option<i32>,
    }

    /// What an update of `child_of_customers` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct ChildOfCustomersUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub by_default: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nickname: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub serial_number: Option<i32>,
    }

    /// A row of view `constants`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ConstantsRow {
        pub mood: Option<Mood>,
        pub nothing: Option<String>,
        pub one: Option<i32>,
    }

    /// A row of view `customer_names`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct CustomerNamesRow {
        pub email: Option<String>,
        pub id: Option<i64>,
        pub mood: Option<Mood>,
        pub settings: Option<serde_json::Value>,
    }

    /// What an insert into `customer_names` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct CustomerNamesInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub email: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mood: Option<Option<Mood>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub settings: Option<Option<serde_json::Value>>,
    }

    /// What an update of `customer_names` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct CustomerNamesUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub email: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mood: Option<Option<Mood>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub settings: Option<Option<serde_json::Value>>,
    }

    /// A row of table `customers`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct CustomersRow {
        #[serde(rename = "$dollar")]
        pub _dollar: Option<String>,
        #[serde(rename = "1st")]
        pub _1st: Option<i32>,
        pub a_name_as_long_as_postgresql_allows_for_identifiers_which_is_63: Option<String>,
        pub address: Option<String>,
        pub addresses: Vec<Address>,
        pub amount: Option<serde_json::Number>,
        pub another_name_as_long_as_postgresql_allows_for_identifiers_is_63: serde_json::Value,
        pub at: String,
        pub big: i64,
        pub bits: Option<String>,
        pub class: Option<String>,
        pub day: Option<String>,
        pub documents: Option<Vec<serde_json::Value>>,
        pub email: String,
        pub every: Option<String>,
        pub extra: Option<serde_json::Value>,
        pub flag: bool,
        pub full_name: Option<String>,
        pub home: Option<Address>,
        pub id: i64,
        #[serde(rename = "it's")]
        pub it_s: Option<String>,
        pub letter: Option<String>,
        pub location: Option<String>,
        pub matrix: Option<Vec<i32>>,
        #[serde(rename = "Mixed Case")]
        pub Mixed_Case: Option<String>,
        pub mood: Mood,
        pub name: Option<String>,
        pub other_mood: Option<String>,
        pub place: Option<serde_json::Value>,
        pub precise: Option<f64>,
        pub price: Option<String>,
        #[serde(rename = "quote\"d")]
        pub quote_d: Option<String>,
        pub ratio: Option<f32>,
        pub raw: Option<String>,
        pub required_by_domain: i32,
        pub search: Option<String>,
        pub secret_key: Option<String>,
        pub secrets: Option<Vec<String>>,
        pub settings: serde_json::Value,
        pub small: Option<i16>,
        pub span: Option<String>,
        pub tags: Option<Vec<String>>,
        pub uid: Option<String>,
        pub ünï: Option<String>,
        pub when: Option<String>,
        #[serde(rename = "with-dash")]
        pub with_dash: Option<String>,
        pub work: Option<String>,
        pub yet_another_name_as_long_as_postgresql_allows_for_them_is_63_ab: Option<Vec<Status>>,
        pub zone: Option<String>,
        pub 名前が長い列の名前が長い列の名前が長い: Option<String>,
    }

    /// What an insert into `customers` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct CustomersInsert {
        #[serde(rename = "$dollar", skip_serializing_if = "Option::is_none")]
        pub _dollar: Option<Option<String>>,
        #[serde(rename = "1st", skip_serializing_if = "Option::is_none")]
        pub _1st: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub a_name_as_long_as_postgresql_allows_for_identifiers_which_is_63: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub address: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub addresses: Option<Vec<Address>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub amount: Option<Option<serde_json::Number>>,
        pub another_name_as_long_as_postgresql_allows_for_identifiers_is_63: serde_json::Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub at: Option<String>,
        pub big: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bits: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub class: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub day: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub documents: Option<Option<Vec<serde_json::Value>>>,
        pub email: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub every: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub extra: Option<Option<serde_json::Value>>,
        pub flag: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub home: Option<Option<Address>>,
        #[serde(rename = "it's", skip_serializing_if = "Option::is_none")]
        pub it_s: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub letter: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub location: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub matrix: Option<Option<Vec<i32>>>,
        #[serde(rename = "Mixed Case", skip_serializing_if = "Option::is_none")]
        pub Mixed_Case: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mood: Option<Mood>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub other_mood: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub place: Option<Option<serde_json::Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub precise: Option<Option<f64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub price: Option<Option<String>>,
        #[serde(rename = "quote\"d", skip_serializing_if = "Option::is_none")]
        pub quote_d: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ratio: Option<Option<f32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub raw: Option<Option<String>>,
        pub required_by_domain: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub search: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret_key: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secrets: Option<Option<Vec<String>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub settings: Option<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub small: Option<Option<i16>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub span: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tags: Option<Option<Vec<String>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub uid: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ünï: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub when: Option<Option<String>>,
        #[serde(rename = "with-dash", skip_serializing_if = "Option::is_none")]
        pub with_dash: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub work: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub yet_another_name_as_long_as_postgresql_allows_for_them_is_63_ab: Option<Option<Vec<Status>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub zone: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub 名前が長い列の名前が長い列の名前が長い: Option<Option<String>>,
    }

    /// What an update of `customers` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct CustomersUpdate {
        #[serde(rename = "$dollar", skip_serializing_if = "Option::is_none")]
        pub _dollar: Option<Option<String>>,
        #[serde(rename = "1st", skip_serializing_if = "Option::is_none")]
        pub _1st: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub a_name_as_long_as_postgresql_allows_for_identifiers_which_is_63: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub address: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub addresses: Option<Vec<Address>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub amount: Option<Option<serde_json::Number>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub another_name_as_long_as_postgresql_allows_for_identifiers_is_63: Option<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub big: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bits: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub class: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub day: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub documents: Option<Option<Vec<serde_json::Value>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub every: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub extra: Option<Option<serde_json::Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub flag: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub home: Option<Option<Address>>,
        #[serde(rename = "it's", skip_serializing_if = "Option::is_none")]
        pub it_s: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub letter: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub location: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub matrix: Option<Option<Vec<i32>>>,
        #[serde(rename = "Mixed Case", skip_serializing_if = "Option::is_none")]
        pub Mixed_Case: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mood: Option<Mood>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub name: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub other_mood: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub place: Option<Option<serde_json::Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub precise: Option<Option<f64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub price: Option<Option<String>>,
        #[serde(rename = "quote\"d", skip_serializing_if = "Option::is_none")]
        pub quote_d: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ratio: Option<Option<f32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub raw: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub required_by_domain: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub search: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secret_key: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub secrets: Option<Option<Vec<String>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub settings: Option<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub small: Option<Option<i16>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub span: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub tags: Option<Option<Vec<String>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub uid: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub ünï: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub when: Option<Option<String>>,
        #[serde(rename = "with-dash", skip_serializing_if = "Option::is_none")]
        pub with_dash: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub work: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub yet_another_name_as_long_as_postgresql_allows_for_them_is_63_ab: Option<Option<Vec<Status>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub zone: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub 名前が長い列の名前が長い列の名前が長い: Option<Option<String>>,
    }

    /// A row of table `events`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct EventsRow {
        pub at: String,
        pub customer_id: Option<i64>,
        pub id: Option<i32>,
    }

    /// What an insert into `events` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct EventsInsert {
        pub at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
    }

    /// What an update of `events` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct EventsUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
    }

    /// A row of table `events_2026`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Events2026Row {
        pub at: String,
        pub customer_id: Option<i64>,
        pub id: Option<i32>,
    }

    /// What an insert into `events_2026` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct Events2026Insert {
        pub at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
    }

    /// What an update of `events_2026` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct Events2026Update {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub at: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
    }

    /// A row of view `inserting`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct InsertingRow {
        pub a: Option<i32>,
        pub b: Option<String>,
    }

    /// What an insert into `inserting` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct InsertingInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub a: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub b: Option<Option<String>>,
    }

    /// A row of view `joined`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct JoinedRow {
        pub customer_id: Option<i64>,
        pub email: Option<String>,
        pub id: Option<i32>,
        pub parent_id: Option<i32>,
        pub parent_part: Option<i32>,
        pub part: Option<i32>,
    }

    /// A row of table `no_columns`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct NoColumnsRow {}

    /// What an insert into `no_columns` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct NoColumnsInsert {}

    /// What an update of `no_columns` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct NoColumnsUpdate {}

    /// A row of table `odd \"table\"`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct OddTableRow {
        pub friend: Option<i32>,
        pub id: i32,
    }

    /// What an insert into `odd \"table\"` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OddTableInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub friend: Option<Option<i32>>,
        pub id: i32,
    }

    /// What an update of `odd \"table\"` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct OddTableUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub friend: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<i32>,
    }

    /// A row of table `order_twins`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct OrderTwinsRow {
        pub id: i32,
        pub part: i32,
    }

    /// What an insert into `order_twins` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OrderTwinsInsert {
        pub id: i32,
        pub part: i32,
    }

    /// What an update of `order_twins` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct OrderTwinsUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub part: Option<i32>,
    }

    /// A row of view `order_view`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct OrderViewRow {
        pub customer_id: Option<i64>,
        pub id: Option<i32>,
        pub n: Option<i64>,
        pub part: Option<i32>,
        pub shipped_to: Option<i64>,
        pub status: Option<Status>,
    }

    /// A row of table `orders`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct OrdersRow {
        pub customer_id: i64,
        pub id: i32,
        pub parent_id: Option<i32>,
        pub parent_part: Option<i32>,
        pub part: i32,
        pub shipped_to: Option<i64>,
        pub status: Status,
    }

    /// What an insert into `orders` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OrdersInsert {
        pub customer_id: i64,
        pub id: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent_part: Option<Option<i32>>,
        pub part: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub shipped_to: Option<Option<i64>>,
        pub status: Status,
    }

    /// What an update of `orders` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct OrdersUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub parent_part: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub part: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub shipped_to: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub status: Option<Status>,
    }

    /// A row of table `outside`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct OutsideRow {
        pub mood: Option<String>,
        pub note_id: Option<i32>,
        pub row_of_hidden: Option<serde_json::Value>,
        pub row_of_ours: Option<ProfilesRow>,
    }

    /// What an insert into `outside` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OutsideInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mood: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub note_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub row_of_hidden: Option<Option<serde_json::Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub row_of_ours: Option<Option<ProfilesRow>>,
    }

    /// What an update of `outside` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct OutsideUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub mood: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub note_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub row_of_hidden: Option<Option<serde_json::Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub row_of_ours: Option<Option<ProfilesRow>>,
    }

    /// A row of table `profiles`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ProfilesRow {
        pub by_default: i32,
        pub customer_id: i64,
        pub nickname: Option<String>,
        pub serial_number: i32,
    }

    /// What an insert into `profiles` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ProfilesInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub by_default: Option<i32>,
        pub customer_id: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nickname: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub serial_number: Option<i32>,
    }

    /// What an update of `profiles` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct ProfilesUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub by_default: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub nickname: Option<Option<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub serial_number: Option<i32>,
    }

    /// A row of view `through_hidden`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ThroughHiddenRow {
        pub customer_id: Option<i64>,
        pub id: Option<i32>,
    }

    /// What an insert into `through_hidden` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ThroughHiddenInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
    }

    /// What an update of `through_hidden` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct ThroughHiddenUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub id: Option<Option<i32>>,
    }

    /// A row of view `totals`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct TotalsRow {
        pub customer_id: Option<i64>,
        pub ids: Option<i64>,
        pub orders: Option<i64>,
    }

    /// A row of view `updatable_orders`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct UpdatableOrdersRow {
        pub customer_id: Option<i64>,
        pub order_id: Option<i32>,
        pub part: Option<i32>,
        pub shout: Option<String>,
    }

    /// What an insert into `updatable_orders` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct UpdatableOrdersInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub order_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub part: Option<Option<i32>>,
    }

    /// What an update of `updatable_orders` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct UpdatableOrdersUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub customer_id: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub order_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub part: Option<Option<i32>>,
    }

    /// A row of view `updating`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct UpdatingRow {
        pub a: Option<i32>,
        pub b: Option<String>,
    }

    /// What an update of `updating` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct UpdatingUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub a: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub b: Option<Option<String>>,
    }

    /// A row of view `view_of_view`.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ViewOfViewRow {
        pub cust: Option<i64>,
        pub order_id: Option<i32>,
        pub part: Option<i32>,
    }

    /// What an insert into `view_of_view` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ViewOfViewInsert {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cust: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub order_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub part: Option<Option<i32>>,
    }

    /// What an update of `view_of_view` takes.
    #[derive(Debug, Clone, PartialEq, Default, Serialize)]
    pub struct ViewOfViewUpdate {
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cust: Option<Option<i64>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub order_id: Option<Option<i32>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub part: Option<Option<i32>>,
    }

    /// What function `a_function_whose_name_is_almost_as_long_as_it_could_ever_be` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct AFunctionWhoseNameIsAlmostAsLongAsItCouldEverBeArgs {
        pub a: i32,
    }

    /// What function `a_function_whose_name_is_almost_as_long_as_it_could_ever_be` returns.
    pub type AFunctionWhoseNameIsAlmostAsLongAsItCouldEverBeReturns = ();

    /// What function `ambiguous` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct AmbiguousArgs {
        pub a: i32,
    }

    /// What function `ambiguous` returns.
    pub type AmbiguousReturns = i32;

    /// What function `ambiguous` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct AmbiguousArgs_2 {
        pub a: String,
    }

    /// What function `ambiguous` returns.
    pub type AmbiguousReturns_2 = i32;

    /// What function `ambiguous` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct AmbiguousArgs_3 {
        pub a: String,
    }

    /// What function `ambiguous` returns.
    pub type AmbiguousReturns_3 = Vec<i32>;

    /// What function `ambiguous_default` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct AmbiguousDefaultArgs {}

    /// What function `ambiguous_default` returns.
    pub type AmbiguousDefaultReturns = i32;

    /// What function `domain_argument` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct DomainArgumentArgs {
        pub e: String,
        pub m: String,
        pub s: String,
    }

    /// What function `domain_argument` returns.
    pub type DomainArgumentReturns = String;

    /// What function `long_arguments` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct LongArgumentsArgs {
        pub first_argument: String,
        pub fourth: serde_json::Value,
        pub second_argument: String,
        pub third_argument: Status,
    }

    /// What function `long_arguments` returns.
    pub type LongArgumentsReturns = ();

    /// What function `named_row` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct NamedRowArgs {
        pub c: CustomersRow,
    }

    /// What function `named_row` returns.
    pub type NamedRowReturns = serde_json::Value;

    /// What function `no_arguments` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct NoArgumentsArgs {}

    /// What function `no_arguments` returns.
    pub type NoArgumentsReturns = i32;

    /// What function `output_first` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OutputFirstArgs {
        pub b: i32,
    }

    /// What function `output_first` returns.
    pub type OutputFirstReturns = i32;

    /// What function `overloaded` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OverloadedArgs {
        pub a: i32,
    }

    /// What function `overloaded` returns.
    pub type OverloadedReturns = i32;

    /// What function `overloaded` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OverloadedArgs_2 {
        pub a: i32,
        pub b: String,
    }

    /// What function `overloaded` returns.
    pub type OverloadedReturns_2 = String;

    /// What function `overloaded` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct OverloadedArgs_3 {
        pub b: String,
    }

    /// What function `overloaded` returns.
    pub type OverloadedReturns_3 = Vec<ProfilesRow>;

    /// What function `returns_composite` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsCompositeArgs {}

    /// What function `returns_composite` returns.
    pub type ReturnsCompositeReturns = Address;

    /// What function `returns_composites` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsCompositesArgs {}

    /// What function `returns_composites` returns.
    pub type ReturnsCompositesReturns = Vec<Address>;

    /// What function `returns_enums` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsEnumsArgs {}

    /// What function `returns_enums` returns.
    pub type ReturnsEnumsReturns = Vec<Mood>;

    /// What function `returns_hidden_array` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsHiddenArrayArgs {}

    /// What function `returns_hidden_array` returns.
    pub type ReturnsHiddenArrayReturns = Vec<String>;

    /// What function `returns_hidden_row` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsHiddenRowArgs {}

    /// What function `returns_hidden_row` returns.
    pub type ReturnsHiddenRowReturns = serde_json::Value;

    /// What function `returns_hidden_secret` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsHiddenSecretArgs {}

    /// What function `returns_hidden_secret` returns.
    pub type ReturnsHiddenSecretReturns = String;

    /// What function `returns_hidden_secrets` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsHiddenSecretsArgs {}

    /// What function `returns_hidden_secrets` returns.
    pub type ReturnsHiddenSecretsReturns = Vec<String>;

    /// What function `returns_one_of_set` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsOneOfSetArgs {}

    /// What function `returns_one_of_set` returns.
    pub type ReturnsOneOfSetReturns = Vec<i32>;

    /// What function `returns_one_row` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsOneRowArgs {}

    /// What function `returns_one_row` returns.
    pub type ReturnsOneRowReturns = Vec<ProfilesRow>;

    /// What function `returns_public_rows` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsPublicRowsArgs {}

    /// What function `returns_public_rows` returns.
    pub type ReturnsPublicRowsReturns = Vec<super::public::CitiesRow>;

    /// What function `returns_record` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsRecordArgs {}

    /// What function `returns_record` returns.
    pub type ReturnsRecordReturns = serde_json::Value;

    /// What function `returns_records` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsRecordsArgs {}

    /// What function `returns_records` returns.
    pub type ReturnsRecordsReturns = Vec<serde_json::Value>;

    /// What function `returns_row` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsRowArgs {}

    /// What function `returns_row` returns.
    pub type ReturnsRowReturns = ProfilesRow;

    /// What function `returns_rows` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsRowsArgs {}

    /// What function `returns_rows` returns.
    pub type ReturnsRowsReturns = Vec<ProfilesRow>;

    /// What function `returns_set` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsSetArgs {}

    /// What function `returns_set` returns.
    pub type ReturnsSetReturns = Vec<String>;

    /// What function `returns_table` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsTableArgs {}

    /// A row of what function `returns_table` returns.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ReturnsTableRow {
        #[serde(rename = "a b")]
        pub a_b: Option<String>,
        pub id: Option<i32>,
        pub j: Option<serde_json::Value>,
        pub m: Option<Mood>,
    }

    /// What function `returns_table` returns.
    pub type ReturnsTableReturns = Vec<ReturnsTableRow>;

    /// What function `returns_view` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsViewArgs {}

    /// What function `returns_view` returns.
    pub type ReturnsViewReturns = Vec<CustomerNamesRow>;

    /// What function `returns_void` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct ReturnsVoidArgs {}

    /// What function `returns_void` returns.
    pub type ReturnsVoidReturns = ();

    /// What function `with_arguments` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct WithArgumentsArgs {
        pub a: i32,
        #[serde(rename = "B b")]
        pub B_b: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub c: Option<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub d: Option<Mood>,
    }

    /// What function `with_arguments` returns.
    pub type WithArgumentsReturns = String;

    /// What function `with_outputs` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct WithOutputsArgs {
        pub a: i32,
        pub c: String,
    }

    /// What function `with_outputs` returns.
    pub type WithOutputsReturns = serde_json::Value;

    /// What function `with_variadic` takes.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub struct WithVariadicArgs {
        pub first: String,
        pub rest: Vec<i32>,
    }

    /// What function `with_variadic` returns.
    pub type WithVariadicReturns = i32;
}
