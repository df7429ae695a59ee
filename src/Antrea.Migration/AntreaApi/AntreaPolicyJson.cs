using System.Text.Json.Nodes;
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
        var spec = new JsonObject
        {
            ["tier"] = policy.Tier,
            ["priority"] = policy.Priority,
        };
        AddList(spec, "appliedTo", policy.AppliedTo.Select(Write));
        AddRules(spec, "ingress", "from", policy.Ingress);
        AddRules(spec, "egress", "to", policy.Egress);
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

    private static void AddRules(JsonObject spec, string direction, string peers, IReadOnlyCollection<AntreaRule> rules)
    {
        if (rules.Count == 0)
        {
            return;
        }

        var list = new JsonArray();
        foreach (var rule in rules)
        {
            var json = new JsonObject { ["name"] = rule.Name, ["action"] = rule.Action.ToString() };
            AddList(json, "appliedTo", rule.AppliedTo.Select(Write));
            AddList(json, peers, rule.Peers.Select(Write));
            AddList(json, "ports", rule.Ports.Select(Write));
            AddList(json, "protocols", rule.Protocols.Select(Write));
            list.Add((JsonNode)json);
        }

        spec[direction] = list;
    }

    private static JsonObject Write(AntreaPeer peer)
    {
        var json = new JsonObject();
        if (peer.Net is { } net)
        {
            var block = new JsonObject { ["cidr"] = net.ToString() };
            if (!peer.Except.IsEmpty)
            {
                block["except"] = new JsonArray([.. peer.Except.Select(e => (JsonNode)e.ToString())]);
            }

            json["ipBlock"] = block;
        }

        if (peer.ServiceAccount is { } account)
        {
            json["serviceAccount"] = new JsonObject { ["name"] = account.Name, ["namespace"] = account.Namespace };
        }

        if (peer.PodSelector is { } pods)
        {
            json["podSelector"] = Write(pods);
        }

        if (peer.NamespaceSelector is { } namespaces)
        {
            json["namespaceSelector"] = Write(namespaces);
        }

        return json;
    }

    private static JsonObject Write(AntreaPort port)
    {
        var json = new JsonObject { ["protocol"] = port.Protocol };
        if (port.Name is not null)
        {
            json["port"] = port.Name;
        }

        Add("port", port.Port);
        Add("endPort", port.EndPort);
        Add("sourcePort", port.SourcePort);
        Add("sourceEndPort", port.SourceEndPort);
        return json;

        void Add(string field, int? value)
        {
            if (value is not null)
            {
                json[field] = value;
            }
        }
    }

    private static JsonObject Write(AntreaProtocol protocol)
    {
        var message = new JsonObject();
        var name = protocol.IsIgmp ? "igmp" : "icmp";
        if (protocol.Type is { } type)
        {
            message[$"{name}Type"] = type;
        }

        if (protocol.Code is { } code)
        {
            message[$"{name}Code"] = code;
        }

        return new JsonObject { [name] = message };
    }

    private static JsonObject Write(LabelSelector selector)
    {
        var json = new JsonObject();
        var labels = new JsonObject();
        foreach (var one in selector.Requirements.Where(IsSingle))
        {
            labels[one.Key] = one.Values[0];
        }

        if (labels.Count > 0)
        {
            json["matchLabels"] = labels;
        }

        AddList(json, "matchExpressions", selector.Requirements.Where(r => !IsSingle(r)).Select(Write));
        return json;
    }

    private static bool IsSingle(LabelRequirement requirement) => requirement is { Operator: LabelOperator.In, Values.Length: 1 };

    private static JsonObject Write(LabelRequirement requirement)
    {
        var json = new JsonObject { ["key"] = requirement.Key, ["operator"] = requirement.Operator.ToString() };
        if (requirement.Values.Length > 0)
        {
            json["values"] = new JsonArray([.. requirement.Values.Select(v => (JsonNode)v)]);
        }

        return json;
    }

    private static void AddList(JsonObject owner, string field, IEnumerable<JsonObject> items)
    {
        var list = new JsonArray([.. items]);
        if (list.Count > 0)
        {
            owner[field] = list;
        }
    }
}
