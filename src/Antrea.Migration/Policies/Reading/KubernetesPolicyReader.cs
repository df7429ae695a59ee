using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>A Kubernetes NetworkPolicy and what was wrong or odd about its text.</summary>
internal sealed record ReadKubernetesPolicy(ClusterObject Object, KubernetesPolicy Policy, IReadOnlyList<PolicyFinding> Findings);

/// <summary>Reads Kubernetes NetworkPolicies.</summary>
internal static class KubernetesPolicyReader
{
    public const string Group = "networking.k8s.io";

    public static ReadKubernetesPolicy Read(ClusterObject obj)
    {
        var findings = new List<PolicyFinding>();
        var spec = new FieldReader(obj.Json, "", findings).Object("spec") ?? new FieldReader([], "spec", findings);
        var types = spec.Texts("policyTypes").ToList();
        foreach (var (type, path) in types.Where(t => t.Text is not ("Ingress" or "Egress")))
        {
            findings.Add(PolicyCode.MalformedField.At(path, "must be Ingress or Egress"));
        }

        var policy = new KubernetesPolicy
        {
            Namespace = obj.Namespace,
            Name = obj.Name,
            PodSelector = LabelSelectorReader.Read(spec, "podSelector", findings) ?? LabelSelector.Everything,
            TypesIngress = types.Count == 0 || types.Any(t => t.Text == "Ingress"),
            TypesEgress = types.Any(t => t.Text == "Egress"),
            Ingress = ReadRules(spec, "ingress", "from", findings),
            Egress = ReadRules(spec, "egress", "to", findings),
        };
        spec.Finish();
        NoteNamedPorts(policy, findings);
        return new ReadKubernetesPolicy(obj, policy, findings);
    }

    private static void NoteNamedPorts(KubernetesPolicy policy, List<PolicyFinding> findings)
    {
        foreach (var (rules, field) in new[] { (policy.Ingress, "spec.ingress"), (policy.Egress, "spec.egress") })
        {
            for (var i = 0; i < rules.Length; i++)
            {
                foreach (var name in rules[i].Ports.Select(p => p.Name).OfType<string>())
                {
                    findings.Add(PolicyCode.KubernetesPolicyNamedPort.At(
                        string.Create(CultureInfo.InvariantCulture, $"{field}[{i}].ports"), $"the named port '{name}'"));
                }
            }
        }
    }

    private static ImmutableArray<KubernetesRule> ReadRules(
        FieldReader spec, string direction, string peers, ICollection<PolicyFinding> findings)
    {
        var rules = ImmutableArray.CreateBuilder<KubernetesRule>();
        foreach (var rule in spec.Objects(direction))
        {
            rules.Add(new KubernetesRule(
                [.. rule.Objects(peers).Select(p => ReadPeer(p, findings))], [.. rule.Objects("ports").Select(ReadPort)]));
            rule.Finish();
        }

        return rules.ToImmutable();
    }

    private static KubernetesPeer ReadPeer(FieldReader peer, ICollection<PolicyFinding> findings)
    {
        Cidr? net = null;
        var except = ImmutableArray.CreateBuilder<Cidr>();
        if (peer.Object("ipBlock") is { } block)
        {
            net = ReadNet(block.Text("cidr"), block.At("cidr"), findings);
            foreach (var (text, path) in block.Texts("except"))
            {
                except.Add(ReadNet(text, path, findings));
            }

            block.Finish();
        }

        var read = new KubernetesPeer(
            net,
            except.ToImmutable(),
            LabelSelectorReader.Read(peer, "podSelector", findings),
            LabelSelectorReader.Read(peer, "namespaceSelector", findings));
        peer.Finish();
        var selects = read.PodSelector is not null || read.NamespaceSelector is not null;
        if (peer.Has("ipBlock") == selects)
        {
            findings.Add(PolicyCode.MalformedField.At(peer.Path, "must be either an ipBlock, or a podSelector, a namespaceSelector or both"));
        }

        return read;
    }

    private static Cidr ReadNet(string? text, string path, ICollection<PolicyFinding> findings)
    {
        if (!Cidr.TryParseMasked(text, out var net, out var error))
        {
            findings.Add(PolicyCode.MalformedField.At(path, $"must be a network; {error}"));
        }

        return net;
    }

    private static KubernetesPort ReadPort(FieldReader port)
    {
        var protocol = port.Text("protocol") ?? "TCP";
        if (protocol is not ("TCP" or "UDP" or "SCTP"))
        {
            port.Malformed("protocol", "TCP, UDP or SCTP");
        }

        int? first = null;
        string? name = null;
        if (port.IntegerOrText("port") is { } text)
        {
            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                name = text;
            }
            else if (number is >= 1 and <= 65535)
            {
                first = (int)number;
            }
            else
            {
                port.Malformed("port", "a port from 1 to 65535, or a port's name");
            }
        }

        var last = port.Number("endPort");
        if (last is not null && (first is null || last < first || last > 65535 || last != Math.Truncate(last.Value)))
        {
            port.Malformed("endPort", "a port from the one in 'port' to 65535");
            last = null;
        }

        port.Finish();
        return new KubernetesPort(protocol, first, (int?)last ?? first, name);
    }
}
