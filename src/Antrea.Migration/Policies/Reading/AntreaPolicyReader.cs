using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads Antrea policies and tiers of the fields that the evaluator knows; every other field is refused, for it could change a verdict.</summary>
internal static class AntreaPolicyReader
{
    /// <summary>The policy.</summary>
    /// <exception cref="FormatException">A field is malformed, or not known to the evaluator; the message names all such fields.</exception>
    public static AntreaPolicy ReadPolicy(ClusterObject obj)
    {
        var findings = new List<PolicyFinding>();
        var spec = new FieldReader(obj.Json, "", findings).Object("spec") ?? new FieldReader([], "spec", findings);
        var policy = new AntreaPolicy
        {
            Namespace = obj.Namespace,
            Name = obj.Name,
            Tier = spec.Text("tier") is { Length: > 0 } tier ? tier : AntreaTier.Application,
            Priority = spec.Number("priority") ?? double.NaN,
            AppliedTo = ReadPeers(spec, "appliedTo", findings),
            Ingress = ReadRules(spec, "ingress", "from", findings),
            Egress = ReadRules(spec, "egress", "to", findings),
        };
        if (policy.Priority is not (>= 1 and <= 10000))
        {
            spec.Malformed("priority", "a number from 1 to 10000");
        }

        spec.Finish();
        ThrowIfAny(obj, findings);
        return policy;
    }

    /// <summary>The tier.</summary>
    /// <exception cref="FormatException">It has no priority from 0 to 255.</exception>
    public static AntreaTier ReadTier(ClusterObject obj)
    {
        var findings = new List<PolicyFinding>();
        var spec = new FieldReader(obj.Json, "", findings).Object("spec") ?? new FieldReader([], "spec", findings);
        var priority = ReadInteger(spec, "priority");
        if (priority is not (>= 0 and <= 255))
        {
            spec.Malformed("priority", "a whole number from 0 to 255");
        }

        ThrowIfAny(obj, findings);
        return new AntreaTier(obj.Name, priority ?? 0);
    }

    private static ImmutableArray<AntreaRule> ReadRules(
        FieldReader spec, string direction, string peers, ICollection<PolicyFinding> findings)
    {
        var rules = ImmutableArray.CreateBuilder<AntreaRule>();
        foreach (var rule in spec.Objects(direction))
        {
            rule.Ignore("enableLogging", "logLabel");
            if (!Enum.TryParse<AntreaAction>(rule.Text("action"), out var action))
            {
                rule.Malformed("action", "Allow, Drop, Reject or Pass");
            }

            rules.Add(new AntreaRule(
                rule.Text("name") ?? "", action, ReadPeers(rule, peers, findings), [.. rule.Objects("ports").Select(ReadPort)]));
            rule.Finish();
        }

        return rules.ToImmutable();
    }

    private static ImmutableArray<AntreaPeer> ReadPeers(FieldReader owner, string field, ICollection<PolicyFinding> findings)
    {
        var peers = ImmutableArray.CreateBuilder<AntreaPeer>();
        foreach (var peer in owner.Objects(field))
        {
            peers.Add(new AntreaPeer(
                ReadNet(peer.Object("ipBlock")),
                LabelSelectorReader.Read(peer, "podSelector", findings),
                LabelSelectorReader.Read(peer, "namespaceSelector", findings)));
            peer.Finish();
        }

        return peers.ToImmutable();
    }

    private static Cidr? ReadNet(FieldReader? block)
    {
        if (block is null)
        {
            return null;
        }

        if (!Cidr.TryParseMasked(block.Text("cidr"), out var net, out var error))
        {
            block.Malformed("cidr", $"a network; {error}");
        }

        block.Finish();
        return net;
    }

    private static AntreaPort ReadPort(FieldReader port)
    {
        var protocol = port.Text("protocol") ?? "TCP";
        if (protocol is not ("TCP" or "UDP" or "SCTP"))
        {
            port.Malformed("protocol", "TCP, UDP or SCTP");
        }

        var read = new AntreaPort(
            protocol,
            ReadInteger(port, "port"),
            ReadInteger(port, "endPort"),
            ReadInteger(port, "sourcePort"),
            ReadInteger(port, "sourceEndPort"));
        port.Finish();
        return read;
    }

    private static int? ReadInteger(FieldReader owner, string field)
    {
        var number = owner.Number(field);
        if (number is null)
        {
            return null;
        }

        if (number is >= 0 and <= 65535 && number.Value == Math.Truncate(number.Value))
        {
            return (int)number.Value;
        }

        owner.Malformed(field, "a whole number from 0 to 65535");
        return null;
    }

    private static void ThrowIfAny(ClusterObject obj, List<PolicyFinding> findings)
    {
        if (findings.Count > 0)
        {
            var faults = string.Join("; ", findings.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Path}: {f.Message}")));
            throw new FormatException($"{obj.Source}: {obj} cannot be judged: {faults}.");
        }
    }
}
