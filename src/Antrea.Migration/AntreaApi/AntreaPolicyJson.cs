using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.AntreaApi;

/// <summary>Writes Antrea objects as the JSON that the API server takes. Absent fields are left out, and no list is empty:
/// Antrea gives empty lists and entries meanings of their own.</summary>
internal static class AntreaPolicyJson
{
    /// <summary>The API version of every object written here.</summary>
    public const string ApiVersion = "crd.antrea.io/v1beta1";

    /// <summary>The label that says who wrote an object, and its value.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <inheritdoc cref="ManagedByLabel"/>
    public const string ManagedByValue = "antrea-migrator";

    /// <summary>The annotation that names the Calico object an object was made from.</summary>
    public const string OriginAnnotation = "antrea-migration/origin";

    public static JsonObject Write(AntreaTier tier, string origin)
    {
        var json = Header("Tier", "", tier.Name, origin);
        json["spec"] = new JsonObject { ["priority"] = tier.Priority, ["description"] = $"Made from {origin}." };
        return json;
    }

    public static JsonObject Write(AntreaPolicy policy, string origin)
    {
        var json = Header(policy.Kind, policy.Namespace, policy.Name, origin);
        var spec = new JsonObject { ["tier"] = policy.Tier, ["priority"] = policy.Priority };
        AddList(spec, "appliedTo", policy.AppliedTo.Select(Write));
        AddList(spec, "ingress", policy.Ingress.Select(r => Write(r, "from")));
        AddList(spec, "egress", policy.Egress.Select(r => Write(r, "to")));
        json["spec"] = spec;
        return json;
    }

    public static JsonObject Write(AntreaGroup group, string origin)
    {
        var json = Header(group.Kind, group.Namespace, group.Name, origin);
        var spec = new JsonObject();
        Add(spec, "podSelector", group.PodSelector);
        Add(spec, "namespaceSelector", group.NamespaceSelector);
        Add(spec, "externalEntitySelector", group.ExternalEntitySelector);
        Add(spec, "nodeSelector", group.NodeSelector);
        AddList(spec, "ipBlocks", group.Nets.Select(n => Write(n.Net, n.Except)));
        Add(spec, "serviceReference", group.Service);
        AddList(spec, "childGroups", group.ChildGroups.Select(c => (JsonNode)c));
        json["spec"] = spec;
        return json;
    }

    private static JsonObject Header(string kind, string @namespace, string name, string origin)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (@namespace.Length > 0)
        {
            metadata["namespace"] = @namespace;
        }

        metadata["labels"] = new JsonObject { [ManagedByLabel] = ManagedByValue };
        metadata["annotations"] = new JsonObject { [OriginAnnotation] = origin };
        return new JsonObject { ["apiVersion"] = ApiVersion, ["kind"] = kind, ["metadata"] = metadata };
    }

    /// <exception cref="NotSupportedException">The rule is about payload, which is read but never written.</exception>
    private static JsonObject Write(AntreaRule rule, string peers)
    {
        if (rule.HasLayer7)
        {
            throw new NotSupportedException($"Rule {rule.Name}: l7Protocols are not written.");
        }

        var json = new JsonObject { ["name"] = rule.Name, ["action"] = rule.Action.ToString() };
        AddList(json, "appliedTo", rule.AppliedTo.Select(Write));
        AddList(json, peers, rule.Peers.Select(Write));
        AddList(json, "toServices", rule.ToServices.Select(Write));
        AddList(json, "ports", rule.Ports.Select(Write));
        AddList(json, "protocols", rule.Protocols.Select(Write));
        return json;
    }

    private static JsonObject Write(AntreaPeer peer)
    {
        var json = new JsonObject();
        if (peer.Net is { } net)
        {
            json["ipBlock"] = Write(net, peer.Except);
        }

        Add(json, "podSelector", peer.PodSelector);
        Add(json, "namespaceSelector", peer.NamespaceSelector);
        Add(json, "nodeSelector", peer.NodeSelector);
        Add(json, "externalEntitySelector", peer.ExternalEntitySelector);
        Add(json, "serviceAccount", peer.ServiceAccount);
        Add(json, "service", peer.Service);
        Add(json, "group", peer.Group);
        Add(json, "fqdn", peer.Fqdn);
        Add(json, "scope", peer.IsClusterSet ? "ClusterSet" : null);
        if (peer.Namespaces is { } namespaces)
        {
            json["namespaces"] = namespaces.SameLabels.IsEmpty
                ? new JsonObject { ["match"] = "Self" }
                : new JsonObject { ["sameLabels"] = new JsonArray([.. namespaces.SameLabels.Select(l => (JsonNode)l)]) };
        }

        return json;
    }

    private static JsonObject Write(Cidr net, ImmutableArray<Cidr> except)
    {
        var json = new JsonObject { ["cidr"] = net.ToString() };
        AddList(json, "except", except.Select(e => (JsonNode)e.ToString()));
        return json;
    }

    private static JsonObject Write(AntreaServiceReference reference) => new() { ["name"] = reference.Name, ["namespace"] = reference.Namespace };

    private static JsonObject Write(AntreaProtocol protocol)
    {
        var (json, icmp) = (new JsonObject(), !protocol.IsIgmp);
        Add(json, icmp ? "icmpType" : "igmpType", protocol.Type);
        Add(json, "icmpCode", icmp ? protocol.Code : null);
        Add(json, "groupAddress", protocol.GroupAddress?.ToString());
        return new JsonObject { [icmp ? "icmp" : "igmp"] = json };
    }

    private static JsonObject Write(AntreaPort port)
    {
        var json = new JsonObject { ["protocol"] = port.Protocol };
        Add(json, "port", port.Port);
        Add(json, "port", port.Name);
        Add(json, "endPort", port.EndPort);
        Add(json, "sourcePort", port.SourcePort);
        Add(json, "sourceEndPort", port.SourceEndPort);
        return json;
    }

    private static JsonObject Write(LabelSelector selector)
    {
        var json = new JsonObject();
        var labels = new JsonObject();
        foreach (var one in selector.Requirements.Where(r => IsLabel(r, selector)))
        {
            labels[one.Key] = one.Values[0];
        }

        if (labels.Count > 0)
        {
            json["matchLabels"] = labels;
        }

        AddList(json, "matchExpressions", selector.Requirements.Where(r => !IsLabel(r, selector)).Select(Write));
        return json;
    }

    /// <summary>Whether a requirement is written as one of <c>matchLabels</c>, which holds each key once.</summary>
    private static bool IsLabel(LabelRequirement requirement, LabelSelector selector) =>
        requirement is { Operator: LabelOperator.In, Values.Length: 1 }
        && selector.Requirements.First(r => r is { Operator: LabelOperator.In, Values.Length: 1 } && r.Key == requirement.Key) == requirement;

    private static JsonObject Write(LabelRequirement requirement)
    {
        var json = new JsonObject { ["key"] = requirement.Key, ["operator"] = requirement.Operator.ToString() };
        if (requirement.Values.Length > 0)
        {
            json["values"] = new JsonArray([.. requirement.Values.Select(v => (JsonNode)v)]);
        }

        return json;
    }

    private static void Add(JsonObject owner, string field, LabelSelector? selector)
    {
        if (selector is not null)
        {
            owner[field] = Write(selector);
        }
    }

    private static void Add(JsonObject owner, string field, AntreaServiceReference? reference)
    {
        if (reference is not null)
        {
            owner[field] = Write(reference);
        }
    }

    private static void Add(JsonObject owner, string field, string? text)
    {
        if (text is not null)
        {
            owner[field] = text;
        }
    }

    private static void Add(JsonObject owner, string field, int? number)
    {
        if (number is not null)
        {
            owner[field] = number;
        }
    }

    private static void AddList(JsonObject owner, string field, IEnumerable<JsonNode> items)
    {
        var list = new JsonArray([.. items]);
        if (list.Count > 0)
        {
            owner[field] = list;
        }
    }
}
