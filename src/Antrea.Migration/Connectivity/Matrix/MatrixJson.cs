using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Connectivity;

/// <summary>A matrix as JSON, for machines and for a later comparison. The members are described in docs/matrix-json.md.</summary>
public static class MatrixJson
{
    /// <summary>What the member <c>schema</c> says.</summary>
    public const string Schema = "antrea-migration/matrix";

    /// <summary>What the member <c>version</c> says. Members may be added without a new one.</summary>
    public const int Version = 1;

    /// <summary>The whole matrix.</summary>
    /// <param name="matrix">What was tried.</param>
    /// <param name="comparison">What has changed since an earlier one; null when there is none.</param>
    public static JsonObject Format(ConnectivityMatrix matrix, MatrixComparison? comparison = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var places = matrix.Endpoints.Select((e, i) => (e.Name, i)).ToDictionary(p => p.Name, p => p.i, StringComparer.Ordinal);
        return new JsonObject
        {
            ["schema"] = Schema,
            ["version"] = Version,
            ["time"] = matrix.Time.ToString("O"),
            ["selection"] = matrix.Selection,
            ["asExpected"] = matrix.IsAsExpected,
            ["counts"] = new JsonObject(Enum.GetValues<MatrixJudgement>()
                .Select(j => KeyValuePair.Create(JsonNamingPolicy.CamelCase.ConvertName(j.ToString()), (JsonNode?)matrix.Count(j)))),
            ["endpoints"] = new JsonArray([.. matrix.Endpoints.Select(FormatEndpoint)]),
            ["connections"] = new JsonArray([.. matrix.Cells.Select(c => FormatCell(c, places))]),
            ["comparison"] = comparison is null ? null : FormatComparison(comparison),
        };
    }

    /// <summary>Reads what <see cref="Format"/> wrote; the comparison in it is left out.</summary>
    /// <param name="text">The JSON.</param>
    /// <param name="where">What the text is called in messages, a file's name for example.</param>
    /// <exception cref="FormatException">It is no such JSON, or of a version that is not known; the message says what and where.</exception>
    public static ConnectivityMatrix Parse(string text, string where)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            var json = JsonNode.Parse(text)!.AsObject();
            if (json["schema"]?.GetValue<string>() != Schema || json["version"]?.GetValue<int>() != Version)
            {
                throw new FormatException(
                    $"{where} is not a matrix of version {Version}: its schema is '{json["schema"]}', its version '{json["version"]}'. Write one with 'matrix -o json'.");
            }

            ImmutableArray<MatrixEndpoint> endpoints = [.. json["endpoints"]!.AsArray().Select(e => ParseEndpoint(e!))];
            return new ConnectivityMatrix(
                json["time"]!.GetValue<DateTimeOffset>(),
                json["selection"]!.GetValue<string>(),
                endpoints,
                [.. json["connections"]!.AsArray().Select(c => ParseCell(c!, endpoints))]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or ArgumentException or KeyNotFoundException
            or IndexOutOfRangeException)
        {
            throw new FormatException($"{where} is not a matrix as 'matrix -o json' writes it: {(e is NullReferenceException ? "a member is missing" : e.Message)}", e);
        }
    }

    private static JsonObject FormatEndpoint(MatrixEndpoint endpoint) => new()
    {
        ["name"] = endpoint.Name,
        ["workload"] = endpoint.Workload,
        ["node"] = endpoint.Node,
        ["nodeClass"] = endpoint.NodeClass,
        ["network"] = endpoint.Network?.ToString(),
        ["address"] = endpoint.Address,
        ["ports"] = new JsonArray([.. endpoint.Ports.Select(p => (JsonNode)p)]),
        ["canSend"] = endpoint.CanSend,
    };

    private static MatrixEndpoint ParseEndpoint(JsonNode json) => new()
    {
        Name = json["name"]!.GetValue<string>(),
        Workload = json["workload"]!.GetValue<string>(),
        Node = json["node"]!.GetValue<string>(),
        NodeClass = json["nodeClass"]!.GetValue<string>(),
        Network = json["network"] is { } network ? Enum.Parse<PodNetworkKind>(network.GetValue<string>()) : null,
        Address = json["address"]!.GetValue<string>(),
        Ports = [.. json["ports"]!.AsArray().Select(p => p!.GetValue<int>())],
        CanSend = json["canSend"]!.GetValue<bool>(),
    };

    private static JsonObject FormatCell(MatrixCell cell, Dictionary<string, int> places) => new()
    {
        ["from"] = places[cell.Pair.Source.Name],
        ["to"] = places[cell.Pair.Destination.Name],
        ["port"] = cell.Pair.Port,
        ["result"] = cell.Outcome is null ? "notTried" : cell.IsOpen ? "open" : "closed",
        ["cause"] = cell.Outcome?.Cause.ToString(),
        ["detail"] = cell.Outcome?.Detail ?? cell.Trouble,
        ["expected"] = cell.Expectation.Verdict.ToString(),
        ["because"] = cell.Expectation.Because,
        ["judgement"] = cell.Judgement.ToString(),
    };

    private static MatrixCell ParseCell(JsonNode json, ImmutableArray<MatrixEndpoint> endpoints)
    {
        var detail = json["detail"]!.GetValue<string>();
        var outcome = json["cause"] is { } cause ? new ProbeOutcome(Enum.Parse<ProbeFailureCause>(cause.GetValue<string>()), detail) : null;
        return new MatrixCell(
            new MatrixPair(endpoints[json["from"]!.GetValue<int>()], endpoints[json["to"]!.GetValue<int>()], json["port"]!.GetValue<int>()),
            new MatrixExpectation(Enum.Parse<MatrixVerdict>(json["expected"]!.GetValue<string>()), json["because"]!.GetValue<string>()),
            outcome,
            outcome is null ? detail : "");
    }

    private static JsonObject FormatComparison(MatrixComparison comparison) => new()
    {
        ["compared"] = comparison.Compared,
        ["onlyEarlier"] = comparison.OnlyEarlier,
        ["onlyLater"] = comparison.OnlyLater,
        ["changes"] = new JsonArray([.. comparison.Changes.Select(c => new JsonObject
        {
            ["source"] = c.Later.Pair.Source.Name,
            ["destination"] = c.Later.Pair.Destination.Name,
            ["port"] = c.Later.Pair.Port,
            ["was"] = c.Earlier.IsOpen ? "open" : "closed",
            ["is"] = c.Later.IsOpen ? "open" : "closed",
            ["cause"] = (c.Later.IsOpen ? c.Earlier : c.Later).Outcome!.Cause.ToString(),
        })]),
    };
}
