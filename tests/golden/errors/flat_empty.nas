# RUN: check %s
module n network {
}
