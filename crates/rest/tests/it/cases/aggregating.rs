//! Aggregates, grouped by what else is selected.

use super::{Case, Expected, get, rows};

pub(super) fn cases() -> Vec<Case> {
    vec![
        get("/products?select=count()", rows("select count(*) from products")),
        get(
            "/products?select=n:count(),price.sum(),low:price.min(),high:price.max()::text,mean:price.avg()&status=eq.active",
            rows(
                "select count(*) as n, sum(price), min(price) as low, max(price)::text as high, avg(price) as mean
                 from products where status = 'active'",
            ),
        ),
        get(
            "/products?select=status,category_id,count()&order=status,category_id",
            rows("select status, category_id, count(*) from products group by 1, 2 order by 1, 2"),
        ),
        get(
            "/customers?select=country,credit.sum(),profile->age::int.max()&order=country",
            rows(
                "select country, sum(credit), max((profile->'age')::int) from customers group by country order by country",
            ),
        ),
        get(
            "/orders?select=status,customers!inner(country),count()&customers.country=eq.it&order=status",
            rows(
                "select status, json_build_object('country', country) as customers, count(*) from orders o
                 join customers c on c.id = o.customer_id where country = 'it' group by status, country order by status",
            ),
        ),
        get(
            "/orders?select=status,...customers(country),order_total.sum()&order=status,customers(country)",
            rows(
                "select status, country, sum(o.order_total) from orders o
                 join customers c on c.id = o.customer_id group by status, country order by status, country",
            ),
        ),
        // Within related rows, for each row.
        get(
            "/categories?select=name,products(count(),price.avg())&order=id",
            rows(
                "select name, (select json_agg(x) from (select count(*), avg(price) from products where category_id = c.id) x) as products
                 from categories c order by id",
            ),
        ),
        get(
            "/customers?select=id,orders(status,n:count())&orders.order=status&id=lt.6&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from (select status, count(*) as n from orders
                    where customer_id = c.id group by status order by status) x) as orders
                 from customers c where id < 6 order by id",
            ),
        ),
        // Of a spread row, computed by the row above.
        get(
            "/order_lines?select=order_id,...products(price.sum(),dearest:price.max())&order_id=lt.6&order=order_id",
            rows(
                "select order_id, sum(price), max(price) as dearest from order_lines l join products p on p.id = l.product_id
                 where order_id < 6 group by order_id order by order_id",
            ),
        ),
        get(
            "/votes?select=value,...posts(...threads(board_id,count()))&order=value,posts(board_id)",
            rows(
                "select v.value, t.board_id, count(*) from votes v join posts p on p.id = v.post_id
                 join threads t on t.id = p.thread_id group by 1, 2 order by 1, 2",
            ),
        )
        .profile("forum"),
        get(
            "/customers?select=id,...orders(id.count())",
            Expected::Error("PGRST127"),
        )
        .status(400),
        get(
            "/thread_overview?select=starter:users(handle),answers.sum()&answers=gt.5&starter.badge=eq.new&starter=not.is.null",
            rows(
                "select json_build_object('handle', handle) as starter, sum(answers) from thread_overview
                 join users u on u.id = starter where answers > 5 and badge = 'new' group by handle",
            ),
        )
        .profile("forum"),
    ]
}
