using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads what a rule says about ports, ICMP, IGMP and layer 7.</summary>
/// <remarks>Antrea takes any number for a port and keeps its low 16 bits: 0 and 65536 then mean every port, and a range that begins at 0 or
/// ends above 65535 none. Here only 1 to 65535 is a port. Source: Antrea v1.14 to v2.7, <c>pkg/agent/openflow/network_policy.go</c>.</remarks>
internal sealed class AntreaServiceMatchReader(Direction direction, ReleaseVersion version, ICollection<PolicyFinding> findings)
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"];

    private static readonly int[] IngressIgmpTypes = [17];

    private static readonly int[] EgressIgmpTypes = [18, 22, 34];

    public ImmutableArray<AntreaPort> ReadPorts(FieldReader rule) => [.. rule.Objects("ports").Select(ReadPort)];

    public ImmutableArray<AntreaProtocol> ReadProtocols(FieldReader rule) => [.. rule.Objects("protocols").Select(ReadProtocol)];

    /// <summary>Whether there is anything in <c>l7Protocols</c>.</summary>
    public bool ReadLayer7(FieldReader rule)
    {
        var any = false;
        foreach (var protocol in rule.Objects("l7Protocols"))
        {
            any = true;
            AntreaSchema.Check(protocol, AntreaPlace.Layer7, version, findings);
            if (protocol.Has("http") == protocol.Has("tls"))
            {
                findings.Add(PolicyCode.MalformedField.At(protocol.Path, "must hold exactly one of http and tls"));
            }

            if (protocol.Object("http") is { } http)
            {
                AntreaSchema.Check(http, AntreaPlace.Http, version, findings);
                http.Text("host");
                http.Text("path");
                if (http.Text("method") is { } method && !Methods.Contains(method))
                {
                    http.Malformed("method", $"one of {string.Join(", ", Methods)}");
                }
            }

            if (protocol.Object("tls") is { } tls)
            {
                AntreaSchema.Check(tls, AntreaPlace.Tls, version, findings);
                tls.Text("sni");
            }
        }

        return any;
    }

    private AntreaPort ReadPort(FieldReader port)
    {
        AntreaSchema.Check(port, AntreaPlace.Port, version, findings);
        var protocol = port.Text("protocol") ?? "TCP";
        if (protocol is not ("TCP" or "UDP" or "SCTP"))
        {
            port.Malformed("protocol", "TCP, UDP or SCTP");
        }

        var isName = port.IsText("port");
        var read = new AntreaPort(
            protocol, isName ? null : ReadNumber(port, "port"), ReadNumber(port, "endPort"), ReadNumber(port, "sourcePort"), ReadNumber(port, "sourceEndPort"))
        {
            Name = isName ? port.Text("port") : null,
        };
        if (read.EndPort is { } end && !(read.Port <= end))
        {
            port.Malformed("endPort", "no less than a port given as a number");
        }

        if (read.SourceEndPort is { } sourceEnd && !(read.SourcePort <= sourceEnd))
        {
            port.Malformed("sourceEndPort", "no less than a sourcePort");
        }

        if (read.Name is { Length: 0 })
        {
            port.Malformed("port", "a number from 1 to 65535, or the name of a port");
        }

        return read;
    }

    private AntreaProtocol ReadProtocol(FieldReader protocol)
    {
        AntreaSchema.Check(protocol, AntreaPlace.Protocol, version, findings);
        var (icmp, igmp) = (protocol.Object("icmp"), protocol.Object("igmp"));
        if (icmp is null == igmp is null)
        {
            findings.Add(PolicyCode.MalformedField.At(protocol.Path, "must hold exactly one of icmp and igmp"));
        }

        if (igmp is not null)
        {
            AntreaSchema.Check(igmp, AntreaPlace.Igmp, version, findings);
            var type = ReadByte(igmp, "igmpType");
            var known = direction == Direction.Ingress ? IngressIgmpTypes : EgressIgmpTypes;
            if (type is { } number && !known.Contains(number))
            {
                igmp.Malformed("igmpType", string.Join(" or ", known.Select(k => k.ToString(CultureInfo.InvariantCulture))));
            }

            IPAddress? group = null;
            if (igmp.Text("groupAddress") is { } text && !IPAddress.TryParse(text, out group))
            {
                igmp.Malformed("groupAddress", "an address");
            }

            return new AntreaProtocol(true, type, null) { GroupAddress = group };
        }

        if (icmp is not null)
        {
            AntreaSchema.Check(icmp, AntreaPlace.Icmp, version, findings);
        }

        return new AntreaProtocol(
            false, icmp is null ? null : ReadByte(icmp, "icmpType"), icmp is null ? null : ReadByte(icmp, "icmpCode"));
    }

    private static byte? ReadByte(FieldReader owner, string field) => (byte?)ReadWhole(owner, field, 0, byte.MaxValue);

    private static int? ReadNumber(FieldReader port, string field) => ReadWhole(port, field, 1, ushort.MaxValue);

    private static int? ReadWhole(FieldReader owner, string field, int least, int most)
    {
        var number = owner.Number(field);
        if (number is null)
        {
            return null;
        }

        if (number >= least && number <= most && number.Value == Math.Truncate(number.Value))
        {
            return (int)number.Value;
        }

        owner.Malformed(field, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
        return null;
    }
}
