-- What only a superuser may make.
create extension file_fdw;
create server elsewhere foreign data wrapper file_fdw;
create foreign table shop.rates (currency char(3) not null, rate numeric, at timestamptz default now()) server elsewhere options (filename '/dev/null', format 'csv');
create view shop.rates_view as select currency, rate from shop.rates;
create function shop.customer_rates(shop.customers) returns setof shop.rates language sql as 'select * from shop.rates';
create function shop.rate_of(shop.rates) returns text language sql as $$ select '' $$;
create table shop.of_rates (one shop.rates, name shop.customer_names, total shop.totals);
