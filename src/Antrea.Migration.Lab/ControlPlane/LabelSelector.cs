using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A condition on an object's labels, from a query (<c>app=web,tier in (a,b),!old</c>) or from a spec.</summary>
internal sealed class LabelSelector
{
    private readonly List<(string Key, string Operator, string[] Values)> _requirements;
    private readonly bool _nothing;

    private LabelSelector(List<(string Key, string Operator, string[] Values)> requirements, bool nothing = false)
    {
        _requirements = requirements;
        _nothing = nothing;
    }

    /// <summary>Whether it lets everything through.</summary>
    public bool IsEverything => !_nothing && _requirements.Count == 0;

    /// <summary>The selector in a spec (<c>matchLabels</c>, <c>matchExpressions</c>); none selects nothing, an empty one everything.</summary>
    public static LabelSelector FromSpec(JsonObject? selector)
    {
        if (selector is null)
        {
            return new([], nothing: true);
        }

        var requirements = Equalities(selector.Object("matchLabels")).ToList();
        requirements.AddRange(selector.Items("matchExpressions")
            .Select(e => (e.Text("key") ?? "", e.Text("operator") ?? "", e.Texts("values").ToArray())));
        return new(requirements);
    }

    /// <summary>The selector of a Service: a plain map; none or an empty one selects nothing.</summary>
    public static LabelSelector FromMap(JsonObject? labels) =>
        labels is { Count: > 0 } ? new([.. Equalities(labels)]) : new([], nothing: true);

    /// <summary>The selector of a query parameter; none selects everything.</summary>
    /// <exception cref="ApiException">400: not a selector.</exception>
    public static LabelSelector Parse(string? text)
    {
        var requirements = new List<(string Key, string Operator, string[] Values)>();
        foreach (var part in SplitOutsideParentheses(text ?? ""))
        {
            requirements.Add(ParseRequirement(part.Trim(), text ?? ""));
        }

        return new(requirements);
    }

    /// <summary>Whether the object's labels satisfy every requirement.</summary>
    public bool Matches(JsonObject obj) => MatchesLabels(obj.Object("metadata", "labels"));

    /// <summary>Whether these labels satisfy every requirement.</summary>
    public bool MatchesLabels(JsonObject? labels) => !_nothing && _requirements.TrueForAll(r =>
    {
        var value = labels.Text(r.Key);
        return r.Operator switch
        {
            "In" => value is not null && r.Values.Contains(value),
            "NotIn" => value is null || !r.Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => long.TryParse(value, out var left) && long.TryParse(r.Values.FirstOrDefault(), out var right) && left > right,
            "Lt" => long.TryParse(value, out var left) && long.TryParse(r.Values.FirstOrDefault(), out var right) && left < right,
            _ => false,
        };
    });

    private static IEnumerable<(string Key, string Operator, string[] Values)> Equalities(JsonObject? labels) =>
        labels?.Select(e => (e.Key, "In", (string[])[e.Value.Text() ?? ""])) ?? [];

    private static (string Key, string Operator, string[] Values) ParseRequirement(string part, string whole)
    {
        if (part.EndsWith(')') && part.IndexOf('(', StringComparison.Ordinal) is > 0 and var open)
        {
            var values = part[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries);
            return part[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) switch
            {
                [var key, "in"] => (Key(key), "In", values),
                [var key, "notin"] => (Key(key), "NotIn", values),
                _ => throw Malformed(),
            };
        }

        if (part.StartsWith('!'))
        {
            return (Key(part[1..].Trim()), "DoesNotExist", []);
        }

        foreach (var (sign, meaning) in ((string, string)[])[("!=", "NotIn"), ("==", "In"), ("=", "In")])
        {
            if (part.IndexOf(sign, StringComparison.Ordinal) is >= 0 and var at)
            {
                return (Key(part[..at].Trim()), meaning, [Value(part[(at + sign.Length)..].Trim())]);
            }
        }

        return (Key(part), "Exists", []);

        string Key(string key) => key.Length > 0 && !key.AsSpan().ContainsAny(" ()=!,") ? key : throw Malformed();

        string Value(string value) => value.AsSpan().ContainsAny(" ()=!,") ? throw Malformed() : value;

        ApiException Malformed() => ApiException.BadRequest($"unable to parse requirement: \"{part}\" in label selector \"{whole}\"");
    }

    private static IEnumerable<string> SplitOutsideParentheses(string text)
    {
        var (start, depth) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (text[i] == ',' && depth == 0)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        if (text.Length > 0)
        {
            yield return text[start..];
        }
    }
}
