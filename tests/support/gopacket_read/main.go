// SPDX-License-Identifier: MIT

// Reads traces with gopacket's pure Go readers, as an opinion besides those of wireshark and libpcap.
//
// Usage: gopacket_read FILE...
//
// Prints a line a packet: time stamp in nanoseconds since 1970, captured bytes, length on the wire,
// number of the interface, SHA-1 of the captured bytes. Exits with 1 at the first file that cannot be
// read to its end, and names it. (Link types it cannot tell: its own have eight bits, SLL2's is 276.)
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
)

type packetReader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

const pcapngMagic = 0x0a0d0d0a

func openReader(file *bufio.Reader) (packetReader, error) {
	magic, err := file.Peek(4)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(magic) != pcapngMagic {
		return pcapgo.NewReader(file)
	}
	options := pcapgo.DefaultNgReaderOptions
	options.WantMixedLinkType = true // all interfaces, not those like the first
	return pcapgo.NewNgReader(file, options)
}

func readFile(path string, output io.Writer) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := openReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return err
	}
	for {
		data, info, err := reader.ReadPacketData()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(output, "%d %d %d %d %x\n", info.Timestamp.UnixNano(), info.CaptureLength,
			info.Length, info.InterfaceIndex, sha1.Sum(data))
	}
}

func main() {
	output := bufio.NewWriter(os.Stdout)
	for _, path := range os.Args[1:] {
		if err := readFile(path, output); err != nil {
			output.Flush()
			fmt.Fprintf(os.Stderr, "gopacket_read: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
	output.Flush()
}
