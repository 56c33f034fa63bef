insert into public.products (id, active, name, description, metadata) values
  ('prod_hobby', true, 'Hobby', 'For one person; says "hi"', '{"index": 0}'),
  ('prod_team', true, 'Team', E'For all\nof them', '{"index": 1}');
insert into public.prices (id, product_id, active, unit_amount, currency, type, interval, interval_count) values
  ('price_hobby', 'prod_hobby', true, 1000, 'eur', 'recurring', 'month', 1),
  ('price_team', 'prod_team', true, 900719925474, 'eur', 'recurring', 'year', 1);
