-- Another process may have another login: whoever it is, the partitions are looked after as those who made them.

alter function _ferrobase.keep_message_partitions() security definer;
grant execute on function _ferrobase.keep_message_partitions() to postgres;
