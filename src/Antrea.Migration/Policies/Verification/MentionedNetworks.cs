using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Every network and single address that could decide about a flow.</summary>
internal static class MentionedNetworks
{
    public static HashSet<Cidr> Of(CalicoPolicySet calico, AntreaPolicySet antrea, PolicyWorld world)
    {
        var nets = new HashSet<Cidr>();
        foreach (var rule in calico.Policies.SelectMany(p => p.Policy.Ingress.Concat(p.Policy.Egress)))
        {
            foreach (var text in rule.Source.Nets.Concat(rule.Source.NotNets).Concat(rule.Destination.Nets).Concat(rule.Destination.NotNets))
            {
                if (CalicoNet.TryParse(text, out var net))
                {
                    nets.Add(net);
                }
            }
        }

        var kubernetes = calico.KubernetesPolicies.SelectMany(p => p.Policy.Ingress.Concat(p.Policy.Egress)).SelectMany(r => r.Peers);
        var peers = antrea.Policies.SelectMany(p => p.Ingress.Concat(p.Egress)).SelectMany(r => r.Peers);
        nets.UnionWith(calico.NetworkSets.Concat(calico.HostEndpoints.Select(h => h.Endpoint)).SelectMany(s => s.Nets));
        nets.UnionWith(kubernetes.SelectMany(p => p.Except).Concat(kubernetes.Select(p => p.Net).OfType<Cidr>()));
        nets.UnionWith(peers.SelectMany(p => p.Except).Concat(peers.Select(p => p.Net).OfType<Cidr>()));
        nets.UnionWith(antrea.Groups.SelectMany(g => g.Nets).SelectMany(n => n.Except.Append(n.Net)));
        nets.UnionWith(world.Nodes.SelectMany(n => n.Addresses).Select(Cidr.Host));
        nets.UnionWith(world.Services.SelectMany(s => s.Addresses).Select(Cidr.Host));
        return nets;
    }
}
