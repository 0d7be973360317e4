/* SPDX-License-Identifier: MIT */

/*
 * A datagram as one line, in words or as a JSON object
 *
 * Both formats are fixed: programs read them. The words show what is ordinary by a
 * fixed row of fields, and what is not by words behind it.
 */

#include "export/line.h"

static bool has_udp_header(const struct tt_datagram *datagram)
{
	return datagram->verdict == TT_VERDICT_OK || datagram->verdict == TT_VERDICT_BAD_CHECKSUM;
}

struct tt_line tt_line_of(const struct tt_datagram *datagram, const char *interface_name)
{
	struct tt_line line = {
		.datagram = datagram,
		.interface_name = interface_name[0] ? interface_name : NULL,
		.has_addresses = datagram->source.family != AF_UNSPEC,
		.has_payload = has_udp_header(datagram),
	};

	/* A broken datagram, or a first fragment, may still have had its ports read. */
	line.has_locality = true; /* unless the caller knows better */
	line.has_ports = line.has_payload || tt_address_port(&datagram->source) != 0 ||
			 tt_address_port(&datagram->destination) != 0;
	line.is_cut = line.has_payload &&
		      datagram->payload_captured_bytes < datagram->payload_bytes;
	return line;
}

static size_t interface_name_length(const struct tt_line *line)
{
	return strnlen(line->interface_name, TT_LINE_INTERFACE_LENGTH_MAX);
}

static bool is_outgoing(const struct tt_datagram *datagram)
{
	return datagram->packet_type == TT_PACKET_OUTGOING;
}

/* "192.0.2.7:40000"; a port that is not known is a question mark. */
static void put_endpoint(struct tt_text *text, const struct tt_address *address, bool has_port)
{
	char words[TT_ADDRESS_TEXT_BYTES];

	if (has_port || address->family == AF_UNSPEC) {
		tt_text_put_string(text, tt_address_format(address, words, sizeof(words)));
		return;
	}
	if (address->family == AF_INET6)
		tt_text_put_char(text, '[');
	tt_text_put_string(text, tt_address_format_host(address, words, sizeof(words)));
	if (address->family == AF_INET6)
		tt_text_put_char(text, ']');
	tt_text_put_string(text, ":?");
}

static inline void put_field(struct tt_text *text, const char *word, bool is_known, uint64_t value)
{
	tt_text_put_string(text, word);
	if (is_known)
		tt_text_put_decimal(text, value);
	else
		tt_text_put_char(text, '?');
}

/* Words for what is out of the ordinary; most lines have none. */
static void put_remarks(const struct tt_line *line, struct tt_text *text)
{
	const struct tt_datagram *datagram = line->datagram;

	if (datagram->packet_type != TT_PACKET_HOST && !is_outgoing(datagram)) { /* "out" said so */
		tt_text_put_char(text, ' ');
		tt_text_put_string(text, tt_packet_type_name(datagram->packet_type));
	}
	/* What this host sends is for others: that is nothing to remark on. */
	if (line->has_addresses && line->has_locality && !is_outgoing(datagram) &&
	    !(datagram->flags & TT_DATAGRAM_LOCAL))
		tt_text_put_string(text, " not-local");
	if (datagram->verdict != TT_VERDICT_OK) {
		tt_text_put_string(text, " verdict ");
		tt_text_put_string(text, tt_verdict_name(datagram->verdict));
	}
	if (line->is_cut)
		put_field(text, " cut ", true, datagram->payload_captured_bytes);
}

void tt_line_put_text(const struct tt_line *line, struct tt_stamp *stamp, struct tt_text *text)
{
	const struct tt_datagram *datagram = line->datagram;
	uint32_t length = tt_datagram_length(datagram);

	tt_stamp_put(stamp, text, datagram->time_ns);
	tt_text_put_char(text, ' ');
	if (line->interface_name)
		tt_text_put_word(text, line->interface_name, interface_name_length(line));
	else
		tt_text_put_char(text, '?');
	tt_text_put_string(text, is_outgoing(datagram) ? " out " : " in ");
	put_endpoint(text, &datagram->source, line->has_ports);
	tt_text_put_string(text, " > ");
	put_endpoint(text, &datagram->destination, line->has_ports);

	put_field(text, " ttl ", line->has_addresses, datagram->hop_limit);
	put_field(text, " dscp ", line->has_addresses, datagram->dscp);
	if (datagram->version == 6)
		put_field(text, " flow ", line->has_addresses, datagram->flow_label);
	else
		put_field(text, " id ", line->has_addresses, datagram->id);
	put_field(text, " len ", length != 0, length);
	put_field(text, " payload ", line->has_payload, datagram->payload_bytes);
	put_remarks(line, text);
}

/* @name is the member's name as it is written, with the comma before it. */
static inline void put_number(struct tt_text *text, const char *name, bool is_known, uint64_t value)
{
	tt_text_put_string(text, name);
	if (is_known)
		tt_text_put_decimal(text, value);
	else
		tt_text_put_string(text, "null");
}

/* For words of our own, which need no escapes. */
static inline void put_word(struct tt_text *text, const char *name, const char *word)
{
	tt_text_put_string(text, name);
	tt_text_put_char(text, '"');
	tt_text_put_string(text, word);
	tt_text_put_char(text, '"');
}

static void put_host(struct tt_text *text, const char *name, const struct tt_address *address)
{
	char words[TT_ADDRESS_TEXT_BYTES];

	if (address->family != AF_UNSPEC) {
		put_word(text, name, tt_address_format_host(address, words, sizeof(words)));
		return;
	}
	tt_text_put_string(text, name);
	tt_text_put_string(text, "null");
}

/* Who sent it to whom. */
static void put_json_endpoints(const struct tt_line *line, struct tt_text *text)
{
	const struct tt_datagram *datagram = line->datagram;

	tt_text_put_string(text, ",\"family\":");
	if (datagram->version == 4)
		tt_text_put_string(text, "\"ipv4\"");
	else if (datagram->version == 6)
		tt_text_put_string(text, "\"ipv6\"");
	else
		tt_text_put_string(text, "null");
	put_host(text, ",\"source\":", &datagram->source);
	put_number(text, ",\"source_port\":", line->has_ports, tt_address_port(&datagram->source));
	put_host(text, ",\"destination\":", &datagram->destination);
	put_number(text, ",\"destination_port\":", line->has_ports,
		   tt_address_port(&datagram->destination));
}

static void put_json_headers(const struct tt_line *line, struct tt_text *text)
{
	const struct tt_datagram *datagram = line->datagram;
	uint32_t length = tt_datagram_length(datagram);

	put_number(text, ",\"hop_limit\":", line->has_addresses, datagram->hop_limit);
	put_number(text, ",\"dscp\":", line->has_addresses, datagram->dscp);
	put_number(text, ",\"ecn\":", line->has_addresses, datagram->ecn);
	if (datagram->version == 6)
		put_number(text, ",\"flow_label\":", line->has_addresses, datagram->flow_label);
	else
		put_number(text, ",\"id\":", line->has_addresses, datagram->id);
	put_number(text, ",\"length\":", length != 0, length);
	put_number(text, ",\"payload_length\":", line->has_payload, datagram->payload_bytes);
}

void tt_line_put_json(const struct tt_line *line, struct tt_stamp *stamp, struct tt_text *text)
{
	const struct tt_datagram *datagram = line->datagram;

	tt_text_put_string(text, "{\"time\":\"");
	tt_stamp_put(stamp, text, datagram->time_ns);
	tt_text_put_string(text, "\",\"interface\":");
	if (line->interface_name)
		tt_text_put_json_bytes(text, line->interface_name, interface_name_length(line));
	else
		tt_text_put_string(text, "null");
	put_word(text, ",\"direction\":", is_outgoing(datagram) ? "out" : "in");
	put_word(text, ",\"packet_type\":", tt_packet_type_name(datagram->packet_type));
	put_json_endpoints(line, text);
	put_json_headers(line, text);

	if (!line->has_addresses || !line->has_locality)
		tt_text_put_string(text, ",\"local\":null");
	else if (datagram->flags & TT_DATAGRAM_LOCAL)
		tt_text_put_string(text, ",\"local\":true");
	else
		tt_text_put_string(text, ",\"local\":false");
	put_word(text, ",\"verdict\":", tt_verdict_name(datagram->verdict));
	if (line->is_cut)
		put_number(text, ",\"payload_captured\":", true, datagram->payload_captured_bytes);
}
