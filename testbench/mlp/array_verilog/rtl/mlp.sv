// mlp: written by qhls
/* verilator lint_off UNUSEDSIGNAL */  // rounding and overflow drop bits of wires
module mlp (
  input wire clk,
  input wire signed [3:0] x_0,
  input wire signed [3:0] x_1,
  input wire signed [3:0] x_2,
  input wire signed [3:0] x_3,
  input wire signed [3:0] x_4,
  input wire signed [3:0] x_5,
  output wire signed [8:0] result_0,
  output wire signed [8:0] result_1,
  output wire signed [8:0] result_2
);
  // hidden.matmul
  (* keep *) wire signed [5:0] hidden_matmul_part_15 = 6'(x_2) + {5'(x_3), 1'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_17 = {5'(x_0), 1'd0} - 6'(x_5);
  (* keep *) wire signed [6:0] hidden_matmul_part_19 = {5'(x_1), 2'd0} - 7'(x_4);
  (* keep *) wire signed [7:0] hidden_matmul_part_21 = 8'(hidden_matmul_part_15) + {7'(hidden_matmul_part_17), 1'd0};
  (* keep *) wire signed [8:0] hidden_matmul_part_23 = 9'(hidden_matmul_part_19) - {7'(hidden_matmul_part_15), 2'd0};
  (* keep *) wire signed [8:0] hidden_matmul_0 = 9'(hidden_matmul_part_21) + hidden_matmul_part_23;
  (* keep *) wire signed [4:0] hidden_matmul_part_25 = 5'(x_1) + 5'(x_3);
  (* keep *) wire signed [5:0] hidden_matmul_part_27 = 6'(x_3) + {5'(x_4), 1'd0};
  (* keep *) wire signed [5:0] hidden_matmul_part_28 = 6'(x_1) - hidden_matmul_part_27;
  (* keep *) wire signed [5:0] hidden_matmul_part_30 = 6'(x_0) - {5'(x_2), 1'd0};
  (* keep *) wire signed [6:0] hidden_matmul_part_32 = 7'(x_5) - {5'(x_0), 2'd0};
  (* keep *) wire signed [7:0] hidden_matmul_part_34 = 8'(hidden_matmul_part_30) + {6'(hidden_matmul_part_25), 2'd0};
  (* keep *) wire signed [7:0] hidden_matmul_part_36 = 8'(hidden_matmul_part_28) + {hidden_matmul_part_32, 1'd0};
  (* keep *) wire signed [8:0] hidden_matmul_1 = 9'(hidden_matmul_part_34) + 9'(hidden_matmul_part_36);
  (* keep *) wire signed [6:0] hidden_matmul_part_38 = 7'(x_2) - {5'(x_0), 2'd0};
  (* keep *) wire signed [6:0] hidden_matmul_part_39 = hidden_matmul_part_38 - 7'(hidden_matmul_part_17);
  (* keep *) wire signed [7:0] hidden_matmul_part_41 = 8'(hidden_matmul_part_28) + {hidden_matmul_part_27, 2'd0};
  (* keep *) wire signed [8:0] hidden_matmul_2 = 9'(hidden_matmul_part_39) + 9'(hidden_matmul_part_41);
  (* keep *) wire signed [8:0] hidden_matmul_part_44 = 9'(hidden_matmul_part_25) - {6'(hidden_matmul_part_25), 3'd0};
  (* keep *) wire signed [8:0] hidden_matmul_part_45 = {8'(hidden_matmul_part_17), 1'd0} - hidden_matmul_part_44;
  (* keep *) wire signed [4:0] hidden_matmul_part_46 = 5'(x_0) + 5'(x_2);
  (* keep *) wire signed [7:0] hidden_matmul_part_48 = 8'(hidden_matmul_part_46) + {5'(x_5), 3'd0};
  (* keep *) wire signed [9:0] hidden_matmul_part_49 = 10'(hidden_matmul_part_45) + 10'(hidden_matmul_part_48);
  (* keep *) wire signed [9:0] hidden_matmul_3 = 10'd0 - hidden_matmul_part_49;
  (* keep *) wire signed [5:0] hidden_matmul_part_51 = 6'(x_4) + {5'(x_2), 1'd0};
  (* keep *) wire signed [7:0] hidden_matmul_part_53 = 8'(hidden_matmul_part_17) + {7'(hidden_matmul_part_51), 1'd0};
  (* keep *) wire signed [9:0] hidden_matmul_part_54 = 10'(hidden_matmul_part_45) + 10'(hidden_matmul_part_53);
  (* keep *) wire signed [9:0] hidden_matmul_4 = 10'd0 - hidden_matmul_part_54;
  // hidden.add
  (* keep *) wire signed [8:0] hidden_add_0 = hidden_matmul_0 + 9'd32;
  (* keep *) wire signed [8:0] hidden_add_1 = hidden_matmul_1 + 9'd56;
  (* keep *) wire signed [8:0] hidden_add_2 = hidden_matmul_2 + 9'd32;
  // hidden.matmul
  reg signed [9:0] hidden_matmul_3_d1;
  always @(posedge clk) hidden_matmul_3_d1 <= hidden_matmul_3;
  // hidden.add
  (* keep *) wire signed [9:0] hidden_add_3 = hidden_matmul_3_d1 + 10'd992;
  // hidden.matmul
  reg signed [9:0] hidden_matmul_4_d1;
  always @(posedge clk) hidden_matmul_4_d1 <= hidden_matmul_4;
  // hidden.add
  (* keep *) wire signed [9:0] hidden_add_4 = hidden_matmul_4_d1 + 10'd1000;
  // relu.quantize
  wire signed [4:0] relu_quantize_part_0 = hidden_add_0[8:4];
  wire signed [5:0] relu_quantize_part_1 = hidden_add_0[8:3];
  wire relu_quantize_part_2 = relu_quantize_part_1[0];
  wire relu_quantize_part_3 = relu_quantize_part_0[0];
  wire [2:0] relu_quantize_part_4 = hidden_add_0[2:0];
  wire relu_quantize_part_5 = |relu_quantize_part_4;
  wire relu_quantize_part_6 = relu_quantize_part_3 | relu_quantize_part_5;
  reg relu_quantize_part_2_d1;
  always @(posedge clk) relu_quantize_part_2_d1 <= relu_quantize_part_2;
  reg relu_quantize_part_6_d1;
  always @(posedge clk) relu_quantize_part_6_d1 <= relu_quantize_part_6;
  wire relu_quantize_part_7 = relu_quantize_part_2_d1 & relu_quantize_part_6_d1;
  reg signed [4:0] relu_quantize_part_0_d1;
  always @(posedge clk) relu_quantize_part_0_d1 <= relu_quantize_part_0;
  (* keep *) wire signed [4:0] relu_quantize_part_8 = relu_quantize_part_0_d1 + 5'(relu_quantize_part_7);
  wire signed [4:0] relu_quantize_part_9 = hidden_add_1[8:4];
  wire signed [5:0] relu_quantize_part_10 = hidden_add_1[8:3];
  wire relu_quantize_part_11 = relu_quantize_part_10[0];
  wire relu_quantize_part_12 = relu_quantize_part_9[0];
  wire [2:0] relu_quantize_part_13 = hidden_add_1[2:0];
  reg [2:0] relu_quantize_part_13_d1;
  always @(posedge clk) relu_quantize_part_13_d1 <= relu_quantize_part_13;
  wire relu_quantize_part_14 = |relu_quantize_part_13_d1;
  reg relu_quantize_part_12_d1;
  always @(posedge clk) relu_quantize_part_12_d1 <= relu_quantize_part_12;
  wire relu_quantize_part_15 = relu_quantize_part_12_d1 | relu_quantize_part_14;
  reg relu_quantize_part_11_d1;
  always @(posedge clk) relu_quantize_part_11_d1 <= relu_quantize_part_11;
  wire relu_quantize_part_16 = relu_quantize_part_11_d1 & relu_quantize_part_15;
  reg signed [4:0] relu_quantize_part_9_d1;
  always @(posedge clk) relu_quantize_part_9_d1 <= relu_quantize_part_9;
  (* keep *) wire signed [5:0] relu_quantize_part_17 = 6'(relu_quantize_part_9_d1) + 6'(relu_quantize_part_16);
  wire signed [4:0] relu_quantize_part_18 = hidden_add_2[8:4];
  wire signed [5:0] relu_quantize_part_19 = hidden_add_2[8:3];
  wire relu_quantize_part_20 = relu_quantize_part_19[0];
  wire relu_quantize_part_21 = relu_quantize_part_18[0];
  wire [2:0] relu_quantize_part_22 = hidden_add_2[2:0];
  reg [2:0] relu_quantize_part_22_d1;
  always @(posedge clk) relu_quantize_part_22_d1 <= relu_quantize_part_22;
  wire relu_quantize_part_23 = |relu_quantize_part_22_d1;
  reg relu_quantize_part_21_d1;
  always @(posedge clk) relu_quantize_part_21_d1 <= relu_quantize_part_21;
  wire relu_quantize_part_24 = relu_quantize_part_21_d1 | relu_quantize_part_23;
  reg relu_quantize_part_20_d1;
  always @(posedge clk) relu_quantize_part_20_d1 <= relu_quantize_part_20;
  wire relu_quantize_part_25 = relu_quantize_part_20_d1 & relu_quantize_part_24;
  reg signed [4:0] relu_quantize_part_18_d1;
  always @(posedge clk) relu_quantize_part_18_d1 <= relu_quantize_part_18;
  (* keep *) wire signed [4:0] relu_quantize_part_26 = relu_quantize_part_18_d1 + 5'(relu_quantize_part_25);
  wire signed [5:0] relu_quantize_part_27 = hidden_add_3[9:4];
  wire signed [6:0] relu_quantize_part_28 = hidden_add_3[9:3];
  wire relu_quantize_part_29 = relu_quantize_part_28[0];
  wire relu_quantize_part_30 = relu_quantize_part_27[0];
  wire [2:0] relu_quantize_part_31 = hidden_add_3[2:0];
  wire relu_quantize_part_32 = |relu_quantize_part_31;
  wire relu_quantize_part_33 = relu_quantize_part_30 | relu_quantize_part_32;
  wire relu_quantize_part_34 = relu_quantize_part_29 & relu_quantize_part_33;
  (* keep *) wire signed [5:0] relu_quantize_part_35 = relu_quantize_part_27 + 6'(relu_quantize_part_34);
  wire signed [5:0] relu_quantize_part_36 = hidden_add_4[9:4];
  wire signed [6:0] relu_quantize_part_37 = hidden_add_4[9:3];
  wire relu_quantize_part_38 = relu_quantize_part_37[0];
  wire relu_quantize_part_39 = relu_quantize_part_36[0];
  wire [2:0] relu_quantize_part_40 = hidden_add_4[2:0];
  wire relu_quantize_part_41 = |relu_quantize_part_40;
  wire relu_quantize_part_42 = relu_quantize_part_39 | relu_quantize_part_41;
  wire relu_quantize_part_43 = relu_quantize_part_38 & relu_quantize_part_42;
  (* keep *) wire signed [5:0] relu_quantize_part_44 = relu_quantize_part_36 + 6'(relu_quantize_part_43);
  wire relu_quantize_part_46 = $signed(relu_quantize_part_8) < $signed(5'd0);
  wire [3:0] relu_quantize_0 = relu_quantize_part_46 ? 4'd0 : relu_quantize_part_8[3:0];
  wire relu_quantize_part_48 = $signed(relu_quantize_part_17) < $signed(6'd0);
  wire [4:0] relu_quantize_part_49 = relu_quantize_part_48 ? 5'd0 : relu_quantize_part_17[4:0];
  wire relu_quantize_part_50 = $signed(relu_quantize_part_26) < $signed(5'd0);
  wire [3:0] relu_quantize_2 = relu_quantize_part_50 ? 4'd0 : relu_quantize_part_26[3:0];
  wire relu_quantize_part_52 = $signed(relu_quantize_part_35) < $signed(6'd0);
  reg relu_quantize_part_52_d1;
  always @(posedge clk) relu_quantize_part_52_d1 <= relu_quantize_part_52;
  reg signed [5:0] relu_quantize_part_35_d1;
  always @(posedge clk) relu_quantize_part_35_d1 <= relu_quantize_part_35;
  wire [3:0] relu_quantize_3 = relu_quantize_part_52_d1 ? 4'd0 : relu_quantize_part_35_d1[3:0];
  wire relu_quantize_part_54 = $signed(relu_quantize_part_44) < $signed(6'd0);
  reg relu_quantize_part_54_d1;
  always @(posedge clk) relu_quantize_part_54_d1 <= relu_quantize_part_54;
  reg signed [5:0] relu_quantize_part_44_d1;
  always @(posedge clk) relu_quantize_part_44_d1 <= relu_quantize_part_44;
  wire [3:0] relu_quantize_4 = relu_quantize_part_54_d1 ? 4'd0 : relu_quantize_part_44_d1[3:0];
  reg [4:0] relu_quantize_part_49_d1;
  always @(posedge clk) relu_quantize_part_49_d1 <= relu_quantize_part_49;
  wire relu_quantize_part_56 = 5'd15 < relu_quantize_part_49_d1;
  wire [3:0] relu_quantize_1 = relu_quantize_part_56 ? 4'd15 : relu_quantize_part_49_d1[3:0];
  reg [3:0] relu_quantize_2_d1;
  always @(posedge clk) relu_quantize_2_d1 <= relu_quantize_2;
  // scores.matmul
  (* keep *) wire [4:0] scores_matmul_part_0 = 5'(relu_quantize_2_d1) + 5'(relu_quantize_4);
  (* keep *) wire [5:0] scores_matmul_part_1 = 6'(relu_quantize_1) + 6'(scores_matmul_part_0);
  // relu.quantize
  reg [3:0] relu_quantize_0_d1;
  always @(posedge clk) relu_quantize_0_d1 <= relu_quantize_0;
  // scores.matmul
  (* keep *) wire signed [6:0] scores_matmul_part_3 = 7'(relu_quantize_0_d1) - {5'(relu_quantize_2_d1), 2'd0};
  (* keep *) wire [6:0] scores_matmul_part_5 = 7'(relu_quantize_3) + {5'(relu_quantize_4), 2'd0};
  (* keep *) wire signed [7:0] scores_matmul_part_7 = 8'(scores_matmul_part_3) + {6'(relu_quantize_3), 2'd0};
  (* keep *) wire signed [7:0] scores_matmul_part_9 = {6'(relu_quantize_1), 2'd0} - 8'(scores_matmul_part_5);
  (* keep *) wire signed [8:0] scores_matmul_part_11 = 9'(scores_matmul_part_1) + {scores_matmul_part_7, 1'd0};
  (* keep *) wire signed [8:0] scores_matmul_0 = 9'(scores_matmul_part_9) + scores_matmul_part_11;
  (* keep *) wire signed [5:0] scores_matmul_part_14 = 6'(relu_quantize_0_d1) - {5'(relu_quantize_3), 1'd0};
  (* keep *) wire signed [6:0] scores_matmul_part_15 = 7'(scores_matmul_part_0) - {5'(relu_quantize_1), 2'd0};
  (* keep *) wire signed [8:0] scores_matmul_part_17 = 9'(scores_matmul_part_14) - {7'(scores_matmul_part_0), 2'd0};
  (* keep *) wire signed [9:0] scores_matmul_1 = 10'(scores_matmul_part_15) + {scores_matmul_part_17, 1'd0};
  (* keep *) wire [5:0] scores_matmul_part_21 = 6'(relu_quantize_2_d1) + {5'(relu_quantize_4), 1'd0};
  (* keep *) wire signed [5:0] scores_matmul_part_22 = 6'(relu_quantize_1) + scores_matmul_part_14;
  (* keep *) wire signed [8:0] scores_matmul_part_24 = {7'(scores_matmul_part_14), 2'd0} - 9'(scores_matmul_part_21);
  (* keep *) wire signed [9:0] scores_matmul_part_26 = {7'(scores_matmul_part_1), 3'd0} - 10'(scores_matmul_part_22);
  (* keep *) wire signed [9:0] scores_matmul_2 = 10'(scores_matmul_part_24) + scores_matmul_part_26;
  reg signed [8:0] scores_matmul_0_d1;
  always @(posedge clk) scores_matmul_0_d1 <= scores_matmul_0;
  // scores.add
  (* keep *) wire signed [9:0] scores_add_0 = 10'(scores_matmul_0_d1) + 10'd8;
  (* keep *) wire signed [9:0] scores_add_1 = 10'd4 + scores_matmul_1;
  // scores.matmul
  reg signed [9:0] scores_matmul_2_d1;
  always @(posedge clk) scores_matmul_2_d1 <= scores_matmul_2;
  // scores.add
  (* keep *) wire signed [9:0] scores_add_2 = scores_matmul_2_d1 + 10'd1004;
  reg signed [9:0] scores_add_1_d1;
  always @(posedge clk) scores_add_1_d1 <= scores_add_1;
  assign result_0 = scores_add_0[8:0];
  assign result_1 = scores_add_1_d1[8:0];
  assign result_2 = scores_add_2[8:0];
endmodule
