#include <errno.h>
#include <sys/eventfd.h>
#include <hiredis/hiredis.h>
