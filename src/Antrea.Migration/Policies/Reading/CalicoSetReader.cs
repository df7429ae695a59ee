using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads NetworkSets, GlobalNetworkSets and HostEndpoints of either API group, with the labels that selectors see.</summary>
/// <remarks>Source: Calico <c>UP/networksetprocessor.go</c>, <c>api/pkg/apis/projectcalico/v3</c>. What is no network is skipped, as Calico does, and
/// reported once an object; every field that is not known is reported.</remarks>
internal sealed class CalicoSetReader(PolicyWorld world, ICollection<Finding> findings)
{
    private const string OpenProfile = "projectcalico-default-allow";

    /// <summary>A NetworkSet or GlobalNetworkSet. Its own labels hide those of the Namespace; the Namespace's name cannot be hidden.</summary>
    public CalicoLabelledSet ReadNetworkSet(ClusterObject obj) => Read(obj, (spec, labels) =>
    {
        if (obj.Namespace.Length > 0)
        {
            CalicoScope.Inherit(labels, CalicoScope.NamespaceLabels(obj.Namespace, world));
            labels[CalicoLabels.Namespace] = obj.Namespace;
        }

        return new CalicoLabelledSet(obj.Kind, obj.Namespace, obj.Name, labels) { Nets = ReadNets(obj, spec, "nets") };
    });

    /// <summary>A HostEndpoint, and whether its only profile allows everything. Only its expected addresses count: those of its interface are not known.</summary>
    public (CalicoLabelledSet Endpoint, bool IsOpen) ReadHostEndpoint(ClusterObject obj) => Read(obj, (spec, labels) =>
    {
        spec.Ignore("node", "interfaceName");
        var profiles = spec.Texts("profiles").Select(p => p.Text).ToList();
        foreach (var profile in profiles)
        {
            Inherit(labels, profile);
        }

        var endpoint = new CalicoLabelledSet(obj.Kind, "", obj.Name, labels)
        {
            Nets = ReadNets(obj, spec, "expectedIPs"),
            Ports = [.. spec.Objects("ports").Select(ReadPort).OfType<CalicoNamedPort>()],
        };
        return (endpoint, profiles is [OpenProfile]);
    });

    private T Read<T>(ClusterObject obj, Func<FieldReader, SortedDictionary<string, string>, T> read)
    {
        var problems = new List<PolicyFinding>();
        var metadata = CalicoMetadata.Read(obj, problems);
        var spec = new FieldReader(obj.Json, "", problems).Object("spec") ?? new FieldReader([], "spec", problems);
        var result = read(spec, metadata.Labels);
        spec.Finish();
        foreach (var problem in problems)
        {
            findings.Add(problem.ToFinding(obj.ToString()));
        }

        return result;
    }

    /// <summary>What a host endpoint has from a profile that Calico makes of a Namespace or a service account; other profiles carry no labels.</summary>
    private void Inherit(SortedDictionary<string, string> labels, string profile)
    {
        var parts = profile.Split('.', 3);
        if (parts is ["kns", _, ..])
        {
            CalicoScope.Inherit(labels, CalicoScope.NamespaceLabels(profile["kns.".Length..], world));
        }
        else if (parts is ["ksa", var ns, var account])
        {
            CalicoScope.Inherit(labels, CalicoScope.ServiceAccountLabels(ns, account, world));
        }
    }

    private ImmutableArray<Cidr> ReadNets(ClusterObject obj, FieldReader spec, string field)
    {
        var nets = ImmutableArray.CreateBuilder<Cidr>();
        var skipped = new List<string>();
        foreach (var (text, path) in spec.Texts(field))
        {
            if (CalicoNet.TryParse(text, out var net))
            {
                nets.Add(net);
            }
            else
            {
                skipped.Add($"{path} '{(text.Length <= 60 ? text : text[..60] + "…")}'");
            }
        }

        if (skipped.Count > 0)
        {
            findings.Add(PolicyCode.NetSkipped.On(
                obj.ToString(),
                string.Create(
                    CultureInfo.InvariantCulture, $"{skipped.Count} entries are no networks: {string.Join(", ", skipped.Take(5))}{(skipped.Count > 5 ? ", …" : "")}")));
        }

        return nets.ToImmutable();
    }

    private static CalicoNamedPort? ReadPort(FieldReader port)
    {
        var name = port.Text("name");
        var protocol = port.IntegerOrText("protocol") ?? "";
        var number = port.Number("port");
        port.Finish();
        var known = protocol.ToUpperInvariant() switch
        {
            "TCP" or "6" => 6,
            "UDP" or "17" => 17,
            "SCTP" or "132" => 132,
            _ => 0,
        };
        if (string.IsNullOrEmpty(name) || known == 0 || number is not (>= 1 and <= 65535) || number != Math.Truncate(number.Value))
        {
            port.Malformed("port", "a port from 1 to 65535 beside a name and protocol TCP, UDP or SCTP");
            return null;
        }

        return new CalicoNamedPort(name, (byte)known, (int)number);
    }
}
