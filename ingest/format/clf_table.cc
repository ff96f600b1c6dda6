#include "ingest/format/clf_table.h"

#include <array>

namespace revertd {
namespace {

constexpr auto kNginx = ClfRow::Language::kNginx;
constexpr auto kApache = ClfRow::Language::kApache;

// Format strings are literals so that they can be put together from these.
#define REVERTD_NGINX_COMMON "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent"
#define REVERTD_NGINX_COMBINED REVERTD_NGINX_COMMON " \"$http_referer\" \"$http_user_agent\""
#define REVERTD_NGINX_MAIN REVERTD_NGINX_COMBINED " \"$http_x_forwarded_for\""
#define REVERTD_APACHE_COMMON "%h - %u %t \"%r\" %>s %b"
#define REVERTD_APACHE_AGENT " \"%{Referer}i\" \"%{User-Agent}i\""
#define REVERTD_APACHE_COMBINED REVERTD_APACHE_COMMON REVERTD_APACHE_AGENT
#define REVERTD_TRAEFIK "%h - %u %t \"%m %U%q %H\" %>s %b"

constexpr std::array kRows = {
    // The upstreaminfo log of ingress-nginx, of today, before the alternative upstream, and before the request's id.
    ClfRow{"nginx_ingress", kNginx,
           REVERTD_NGINX_COMBINED
           " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr"
           " $upstream_response_length $upstream_response_time $upstream_status $req_id"},
    ClfRow{"nginx_ingress", kNginx,
           REVERTD_NGINX_COMBINED
           " $request_length $request_time [$proxy_upstream_name] $upstream_addr $upstream_response_length"
           " $upstream_response_time $upstream_status $req_id"},
    ClfRow{"nginx_ingress", kNginx,
           REVERTD_NGINX_COMBINED
           " $request_length $request_time [$proxy_upstream_name] $upstream_addr $upstream_response_length"
           " $upstream_response_time $upstream_status"},

    ClfRow{"nginx_timed", kNginx,
           REVERTD_NGINX_COMBINED " rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\""
                                  " urt=\"$upstream_response_time\" ua=\"$upstream_addr\" us=\"$upstream_status\""},
    ClfRow{"nginx_timed", kNginx,
           REVERTD_NGINX_COMBINED " rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\""
                                  " urt=\"$upstream_response_time\""},
    ClfRow{"nginx_timed", kNginx,
           REVERTD_NGINX_MAIN " rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\""
                              " urt=\"$upstream_response_time\""},
    ClfRow{"nginx_timed", kNginx,
           REVERTD_NGINX_COMBINED
           " rt=$request_time uct=$upstream_connect_time uht=$upstream_header_time urt=$upstream_response_time"},
    ClfRow{"nginx_timed", kNginx,
           REVERTD_NGINX_MAIN
           " rt=$request_time uct=$upstream_connect_time uht=$upstream_header_time urt=$upstream_response_time"},
    ClfRow{"nginx_timed", kNginx, REVERTD_NGINX_COMBINED " rt=$request_time urt=\"$upstream_response_time\""},
    ClfRow{"nginx_timed", kNginx, REVERTD_NGINX_MAIN " rt=$request_time urt=\"$upstream_response_time\""},

    ClfRow{"kong_text", kNginx, REVERTD_NGINX_COMBINED " kong_request_id: \"$request_id\""},

    // Traefik escapes nothing, and its first versions wrote a missing referer or service as a bare dash.
    ClfRow{"traefik_clf", kApache,
           REVERTD_TRAEFIK REVERTD_APACHE_AGENT
           " %{RequestCount}n \"%{Router}n\" \"%{BALANCER_WORKER_NAME}n\" %{ms}Tms",
           true},
    ClfRow{"traefik_clf", kApache, REVERTD_TRAEFIK " %{Rest}n %{ms}Tms", true},
    ClfRow{"traefik_clf", kApache, REVERTD_TRAEFIK, true, true},
    ClfRow{"traefik_clf", kApache, REVERTD_TRAEFIK REVERTD_APACHE_AGENT, true, true},

    ClfRow{"nginx_proxy_manager", kNginx,
           "[$time_local] $upstream_cache_status $upstream_status $status - $request_method $scheme $host"
           " \"$request_uri\" [Client $remote_addr] [Length $body_bytes_sent] [Gzip $gzip_ratio] [Sent-to $server]"
           " \"$http_user_agent\" \"$http_referer\""},
    ClfRow{"nginx_proxy_manager", kNginx,
           "[$time_local] $status - $request_method $scheme $host \"$request_uri\" [Client $remote_addr]"
           " [Length $body_bytes_sent] [Gzip $gzip_ratio] \"$http_user_agent\" \"$http_referer\""},
    // The fork NPMplus.
    ClfRow{"nginx_proxy_manager", kNginx,
           "[$time_local] $host $remote_addr $request_time \"$request\" $status $body_bytes_sent $bytes_sent"
           " $http_referer $http_user_agent"},
    ClfRow{"nginx_proxy_manager", kNginx, REVERTD_NGINX_COMBINED, false, true},

    ClfRow{"nginx_combined_rt", kNginx, REVERTD_NGINX_COMBINED " $request_time"},
    ClfRow{"nginx_combined_rt", kNginx, REVERTD_NGINX_MAIN " $request_time"},
    ClfRow{"nginx_combined_rt", kNginx, REVERTD_NGINX_COMBINED " $request_time $upstream_response_time"},
    ClfRow{"nginx_combined_rt", kNginx, REVERTD_NGINX_MAIN " $request_time $upstream_response_time"},
    ClfRow{"nginx_combined_rt", kNginx, REVERTD_NGINX_COMBINED " $request_time $upstream_response_time $pipe"},
    ClfRow{"nginx_vhost_combined_rt", kNginx, "$host:$server_port " REVERTD_NGINX_COMBINED " $request_time"},
    ClfRow{"nginx_vhost_combined_rt", kNginx, "$host:$server_port " REVERTD_NGINX_MAIN " $request_time"},
    ClfRow{"nginx_vhost_combined_rt", kNginx,
           "$host:$server_port " REVERTD_NGINX_COMBINED " $request_time $upstream_response_time"},

    ClfRow{"varnish_ncsa_timed", kApache,
           REVERTD_APACHE_COMBINED " %D %{Varnish:time_firstbyte}x %{Varnish:handling}x %{Varnish:vxid}x"},
    ClfRow{"varnish_ncsa_timed", kApache,
           REVERTD_APACHE_COMBINED " %D %{Varnish:time_firstbyte}x %{Varnish:handling}x"},

    // The numbers tell which of them is the other's seconds.
    ClfRow{"apache_combined_T", kApache, REVERTD_APACHE_COMBINED " %{ms}T %T"},
    ClfRow{"apache_combined_T", kApache, REVERTD_APACHE_COMBINED " %T %D"},
    ClfRow{"apache_combined_D", kApache, REVERTD_APACHE_COMBINED " %D"},
    ClfRow{"nginx_gitlab", kNginx, REVERTD_NGINX_COMBINED " $gzip_ratio"},  // GitLab's package
    ClfRow{"apache_vhost_combined_D", kApache, "%v:%p " REVERTD_APACHE_COMBINED " %D"},
    // The last number is the time that the listener stayed. Only a person can tell it from microseconds.
    ClfRow{"icecast2", kApache, REVERTD_APACHE_COMBINED " %T"},
    ClfRow{"apache_custom_duration", kApache, REVERTD_APACHE_COMMON " %D" REVERTD_APACHE_AGENT},
    ClfRow{"apache_custom_full", kApache,
           "%{X-Forwarded-For}i %h %l %u [%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t] \"%m %U%q %H\" %>s/%s %B %I %O %D"
           " %X %k %{UNIQUE_ID}e"},
    ClfRow{"apache_tomcat", kApache,
           REVERTD_APACHE_COMMON " %A %X" REVERTD_APACHE_AGENT " X-Forwarded-For=\"%{X-Forwarded-For}i\""},
    ClfRow{"apache_tomcat", kApache, REVERTD_APACHE_COMMON " %A %X" REVERTD_APACHE_AGENT " X-Forwarded-For=\""},
    ClfRow{"apache_tomcat", kApache, REVERTD_APACHE_COMMON, false, true},
    ClfRow{"apache_ssl_request", kApache, "%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%r\" %b"},
    ClfRow{"gandi", kApache, "%v %h - %u %t (%T s) \"%r\" %>s %b" REVERTD_APACHE_AGENT},
    ClfRow{"lighttpd_custom", kApache, "%{X-Forwarded-For}i %h %u %t \"%r\" %>s %b %I %O %T" REVERTD_APACHE_AGENT},

    ClfRow{"nginx_main", kNginx, REVERTD_NGINX_MAIN},
    ClfRow{"nginx_main", kNginx, REVERTD_NGINX_COMBINED, false, true},
    ClfRow{"nginx_combined", kNginx, REVERTD_NGINX_COMBINED},
    ClfRow{"nginx_combined", kNginx,
           "$remote_addr - $remote_user [$time_iso8601] \"$request\" $status $body_bytes_sent \"$http_referer\""
           " \"$http_user_agent\""},
    ClfRow{"nginx_combined", kNginx, REVERTD_NGINX_COMBINED " X-Forwarded-For=\"$http_x_forwarded_for\""},
    ClfRow{"nginx_combined", kNginx, REVERTD_NGINX_MAIN, false, true},
    ClfRow{"nginx_combined", kNginx, "$host " REVERTD_NGINX_COMBINED, false, true},
    ClfRow{"nginx_combined", kNginx, "$the_real_ip " REVERTD_NGINX_COMBINED, false, true},
    // With the answer of an ident server.
    ClfRow{"apache_combined", kApache, "%h %l %u %t \"%r\" %>s %b" REVERTD_APACHE_AGENT},
    ClfRow{"nginx_vhost_combined", kNginx, "$host " REVERTD_NGINX_COMBINED},
    ClfRow{"nginx_vhost_combined", kNginx, "$host " REVERTD_NGINX_MAIN},
    ClfRow{"nginx_vhost_combined", kNginx, "$host \"$http_x_forwarded_for\" " REVERTD_NGINX_COMBINED},
    ClfRow{"nginx_vhost_combined", kNginx, "$host $the_real_ip " REVERTD_NGINX_COMBINED},
    ClfRow{"apache_vhost_common", kApache, "%v " REVERTD_APACHE_COMMON},
    ClfRow{"apache_common", kApache, REVERTD_APACHE_COMMON},
    ClfRow{"apache_common", kApache, "%h - %u [%{%Y-%m-%dT%H:%M:%S%z}t] \"%r\" %>s %b"},
    ClfRow{"apache_common", kApache, "%h %l %u %t \"%r\" %>s %b", false, true},
    ClfRow{"custom_date", kApache, "%h - %u [%{%B - %d, %Y:%H:%M:%S}t] \"%r\" %>s %b"},
    // Whole words in front (%l is one, %u is not): a syslog head must not pass for client and host.
    ClfRow{"lighttpd_default", kApache, "%h %V %l %t \"%r\" %>s %b" REVERTD_APACHE_AGENT},
    ClfRow{"zoraxy", kApache,
           "%{%Y/%m/%d %H:%M:%S}t [%{%Y-%m-%d %H:%M:%S.%f}t] [router:%{Router}n] [origin:%v] [client: %h]"
           " [useragent: %{User-Agent}i] %m %U%q %s",
           true},
};

constexpr std::array kTwins = {
    ClfTwin{"apache_combined", "nginx_combined", "nginx_combined", "apache_common"},
    ClfTwin{"apache_combined_O", "nginx_combined", "nginx_combined", ""},
    ClfTwin{"litespeed", "nginx_combined", "nginx_combined", "apache_common"},
    ClfTwin{"varnish_ncsa", "nginx_combined", "nginx_combined", ""},
    ClfTwin{"apache_vhost", "nginx_vhost_combined", "nginx_vhost_combined", ""},
    ClfTwin{"apache_vhost_combined", "nginx_vhost_combined", "nginx_vhost_combined", ""},
    ClfTwin{"apache_vhost_combined_noport", "nginx_vhost_combined", "nginx_vhost_combined", "apache_vhost_common"},
    ClfTwin{"bunkerweb", "nginx_vhost_combined", "nginx_vhost_combined", ""},
    ClfTwin{"ovh", "lighttpd_default", "lighttpd_default", ""},
    ClfTwin{"icecast2", "apache_combined_D", "", ""},
};

}  // namespace

std::span<const ClfRow> ClfRows() { return kRows; }
std::span<const ClfTwin> ClfTwins() { return kTwins; }

}  // namespace revertd
